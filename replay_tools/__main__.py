"""`python -m replay_tools` is the command `crm`."""

from replay_tools.cli import main

if __name__ == "__main__":
    main()
