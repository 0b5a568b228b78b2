"""One module for each command of `vap`."""
