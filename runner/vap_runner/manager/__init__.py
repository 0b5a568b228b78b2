"""The one owner of worker processes: orders come in, processes are started and stopped, reports go out."""
