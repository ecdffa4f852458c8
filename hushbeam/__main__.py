"""`python -m hushbeam` is the command `hushbeam`."""

from hushbeam.pipelines.command_line import entry

if __name__ == "__main__":
    entry()
