"""The state folder of one instance: what survives `vap down`, who runs it now, and where it answers."""
