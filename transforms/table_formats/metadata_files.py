"""OutputFiles: the files of Iceberg's metadata that lie in an output root, read and written as all its others are.

PyIceberg knows stores by settings of its own, without the job's endpoint, retries and checks of what was read.
"""

from __future__ import annotations

import io
from typing import Any

from pyiceberg.io import PY_IO_IMPL, FileIO, InputFile, InputStream, OutputFile, OutputStream, load_file_io

from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.errors import MissingFileError
from hushbeam.transforms.table_formats.iceberg import OUTPUT_ROOT


class OutputFiles(FileIO):
    """What PyIceberg reads and writes files by. Those that lie elsewhere are left to PyIceberg's own settings."""

    def new_input(self, location: str) -> InputFile:
        """The file at a location, to be read."""
        return _InputFile(location) if self._is_ours(location) else self._elsewhere(location).new_input(location)

    def new_output(self, location: str) -> OutputFile:
        """The file at a location, to be written."""
        return _OutputFile(location) if self._is_ours(location) else self._elsewhere(location).new_output(location)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        """Removes a file."""
        name = location if isinstance(location, str) else location.location
        if self._is_ours(name):
            files.delete(name)
        else:
            self._elsewhere(name).delete(name)

    def _is_ours(self, location: str) -> bool:
        return location.startswith(f"{self.properties[OUTPUT_ROOT]}/")

    def _elsewhere(self, location: str) -> FileIO:
        return load_file_io({name: value for name, value in self.properties.items() if name != PY_IO_IMPL}, location)


class _InputFile(InputFile):
    def __len__(self) -> int:
        return files.stat(self.location).size_bytes

    def exists(self) -> bool:
        return files.exists(self.location)

    def open(self, seekable: bool = True) -> InputStream:
        try:
            return io.BytesIO(files.read_bytes(self.location))
        except MissingFileError as error:
            raise FileNotFoundError from error  # what PyIceberg expects


class _OutputFile(OutputFile):
    def __len__(self) -> int:
        return files.stat(self.location).size_bytes

    def exists(self) -> bool:
        return files.exists(self.location)

    def to_input_file(self) -> InputFile:
        return _InputFile(self.location)

    def create(self, overwrite: bool = False) -> OutputStream:
        return _Upload(self.location, overwrite=overwrite)


class _Upload(io.BytesIO):
    """Collects a file of metadata, some kB, and writes it when it is closed.

    PyIceberg closes files of Avro also after an error, so half of one may be written. No snapshot names it: the error
    ends the commit.
    """

    def __init__(self, location: str, *, overwrite: bool) -> None:
        super().__init__()
        self._location = location
        self._overwrite = overwrite

    def close(self) -> None:
        if not self.closed:
            data = self.getvalue()
            super().close()
            if self._overwrite:
                files.write_bytes(self._location, data)
            elif not files.create(self._location, data):
                raise FileExistsError

    def __exit__(self, kind: Any, *_: Any) -> None:
        if kind is not None:
            super().close()  # half a file is not written
        self.close()

    def __del__(self) -> None:
        super().close()  # Python would call `close`, and write what was given up, even after the run lock is gone
