"""A terminal of endless height: enough of one to see what a live display leaves on it."""

import re

_PIECE = re.compile(r"\x1b\[\??(\d*)(?:;\d+)*([A-Za-z])|(\r)|(\n)|([^\x1b\r\n]+)")


class Screen:
    """Takes what a program writes; remembers what is seen."""

    def __init__(self) -> None:
        self.rows: list[str] = [""]
        self._row = 0
        self._column = 0

    def write(self, output: str) -> None:
        position = 0
        for match in _PIECE.finditer(output):
            assert match.start() == position, repr(output[position : match.start()])
            position = match.end()
            number, command, is_return, is_newline, text = match.groups()
            if is_return:
                self._column = 0
            elif is_newline:
                self._row, self._column = self._row + 1, 0
                self.rows += [""] * (self._row + 1 - len(self.rows))
            elif text:
                row = self.rows[self._row].ljust(self._column)
                after = row[self._column + len(text) :]
                self.rows[self._row] = row[: self._column] + text + after
                self._column += len(text)
            elif command == "A":
                self._row -= int(number or 1)
                assert self._row >= 0
            elif command == "K":
                assert number == "2"
                self.rows[self._row] = ""
            else:
                assert command in "mhl", command
        assert position == len(output)

    @property
    def text(self) -> str:
        return "\n".join(row.rstrip() for row in self.rows).rstrip("\n")
