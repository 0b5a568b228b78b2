"""One composition root for each command: settings in, parts put together, run until told to stop."""
