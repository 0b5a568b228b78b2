"""The kinds the server has without a definition: a table, and one module for each that needs more than storage."""
