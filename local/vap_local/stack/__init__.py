"""What the local platform consists of: its addresses, the environment of each service, and the tree of all."""
