"""What the api may ask for on `init_scenario`: one file per command."""
