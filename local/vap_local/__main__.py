"""`python -m vap_local`."""

from vap_local.main import main

if __name__ == "__main__":
    main()
