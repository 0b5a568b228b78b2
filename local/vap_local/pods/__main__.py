"""`python -m vap_local.pods`: the pod runner as a process of its own."""

from vap_local.pods.main import main

if __name__ == "__main__":
    main()
