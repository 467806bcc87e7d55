"""`python -m oyez` is `oyez`."""

from oyez.cli.main import main

if __name__ == "__main__":
    main()
