"""Camera URLs: parsing, credentials, which addresses are allowed, and how secrets are kept out of sight."""
