"""Workers: the processes that analysed or analyse a scenario."""
