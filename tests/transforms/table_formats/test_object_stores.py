"""Tables of outputs in object stores, on emulators: written by the job's settings, read by the libraries' own."""

from __future__ import annotations

import gc
import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pyiceberg import catalog
from pyiceberg.avro.file import AvroOutputFile
from pyiceberg.schema import Schema
from pyiceberg.utils.config import Config
from rich.console import Console

from hushbeam.pipelines import erase, expire
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED
from hushbeam.schemas.errors import ConfigurationError, RunError
from hushbeam.transforms.archive.runs.table_format import TableFormat, decided_format, remember_format
from hushbeam.transforms.archive.tables.layout import SCHEMAS
from hushbeam.transforms.storage import files
from hushbeam.transforms.table_formats import check_format, update_tables
from hushbeam.transforms.table_formats.delta_settings import store_settings
from hushbeam.transforms.table_formats.iceberg import OUTPUT_ROOT, IcebergTables
from hushbeam.transforms.table_formats.metadata_files import OutputFiles
from tests.transforms.storage.fake_stores import (
    MAKE_BUCKET,
    S3_CREDENTIALS,
    all_servers,
    azure_credentials,
)
from tests.transforms.table_formats.published_runs import NAMESPACE, RUN_DATE, Reader, list_run, write_file, write_run


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with all_servers(tmp_path_factory.mktemp("azurite")) as urls:
        yield urls


class StoredTables(Reader):
    """An output root in a store, made from files in a local folder, and a reader of its tables."""

    def __init__(self, folder: Path, kind: str, root: str, server: str) -> None:
        super().__init__(folder, kind)
        self.root = root
        self._scheme = root.partition(":")[0]
        self._server = server
        uri = f"sqlite:///{folder.parent}/catalogue.db"
        self.format = TableFormat(kind, uri, NAMESPACE) if kind == "iceberg" else TableFormat(kind)
        remember_format(root, self.format)

    def publish(self) -> None:
        """Lets the store hold what the folder holds, beside what the libraries wrote there."""
        for path in self._output.rglob("*"):
            if path.is_file():
                files.upload_file(path, f"{self.root}/{path.relative_to(self._output)}")

    def iceberg(self, table: str) -> Any:
        settings = {
            "s3.endpoint": self._server,
            "s3.access-key-id": "test",
            "s3.secret-access-key": "test",
            "s3.region": "us-east-1",
            "gcs.service.host": self._server,
            "gcs.oauth2.token": "any",
            "gcs.oauth2.token-expires-at": "4102444800000",
        }
        uri = f"sqlite:///{self._output.parent}/catalogue.db"
        opened = catalog.load_catalog("hushbeam", uri=uri, **settings)
        try:
            return opened.load_table((NAMESPACE, table))
        finally:
            opened.close()

    def delta(self, table: str, version: int | None = None) -> Any:
        from deltalake import DeltaTable  # noqa: PLC0415

        settings = {"aws_endpoint": self._server}
        if self._scheme == "az":
            account = dict(part.split("=", 1) for part in self._connection.split(";") if part)
            settings = {
                "account_name": account["AccountName"],
                "account_key": account["AccountKey"],
                "azure_storage_endpoint": account["BlobEndpoint"],
            }
        return DeltaTable(f"{self.root}/{table}", version=version, storage_options={**settings, "allow_http": "true"})

    @property
    def _connection(self) -> str:
        return azure_credentials(self._server)["AZURE_STORAGE_CONNECTION_STRING"]


@pytest.fixture
def stored(
    request: pytest.FixtureRequest, servers: dict[str, str], output: Path, monkeypatch: pytest.MonkeyPatch
) -> StoredTables:
    scheme, kind = request.param
    if scheme not in servers:
        pytest.skip("needs Azurite (make azurite)")
    server = servers[scheme]
    for name, value in {**azure_credentials(server), **S3_CREDENTIALS, "AWS_ENDPOINT_URL_S3": server}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", servers["gs"])
    return StoredTables(output, kind, f"{MAKE_BUCKET[scheme](server)}/out put", server)


def call(job: Any, root: str, *arguments: str) -> tuple[int, str]:
    terminal = io.StringIO()
    return job.run(["--output", root, *arguments], Console(file=terminal, width=500)), terminal.getvalue()


EVERYWHERE = pytest.mark.parametrize(
    "stored",
    [
        pytest.param(("s3", "iceberg"), id="s3-iceberg"),
        pytest.param(("gs", "iceberg"), id="gs-iceberg", marks=pytest.mark.long),
        pytest.param(("s3", "delta"), id="s3-delta", marks=pytest.mark.long),
        pytest.param(("az", "delta"), id="az-delta"),
    ],
    indirect=True,
)


@EVERYWHERE
def test_runs_are_registered_once_and_what_is_erased_is_in_no_version(output: Path, stored: StoredTables) -> None:
    for run_id, recordings in (("first", ["a", "gone-4711"]), ("second", ["b"])):
        write_run(output, run_id, recordings)
        stored.publish()
        check_format(stored.root, stored.format)
        update_tables(stored.root, run_id)
    update_tables(stored.root, "again")
    for table in SCHEMAS:
        assert stored.recordings(table) == [("a", "first"), ("b", "second"), ("gone-4711", "first")]
        assert stored.runs_of_snapshots(table) == ["first", "second"]
    earlier = {table: stored.versions(table) for table in SCHEMAS}

    # What `erase` leaves: files under new names, and the old ones gone.
    names = [f"{table}/run_date={RUN_DATE}/first-0001.parquet" for table in SCHEMAS]
    for name in names:
        write_file(output, name, ["a"], "first")
        before = name.replace("-0001", "-0000")
        (output / before).unlink()
        files.delete(f"{stored.root}/{before}")
    list_run(output, "first", names)
    stored.publish()
    update_tables(stored.root, "erase", forget=True)
    for table in SCHEMAS:
        assert stored.recordings(table) == [("a", "first"), ("b", "second")]
        assert len(stored.versions(table)) == 1
        for version in earlier[table]:
            with pytest.raises(Exception, match=r"."):  # the libraries have an error each
                stored.arrow_at(version, table)
    held = files.fetch_folder(stored.root, output.parent / "copy")
    assert not [path for path in held.rglob("*") if path.is_file() and b"gone-4711" in path.read_bytes()]


@pytest.mark.parametrize("stored", [("s3", "iceberg")], indirect=True)
def test_metadata_in_a_warehouse_elsewhere_is_left_to_the_catalogues_settings(
    output: Path, stored: StoredTables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = tmp_path / "warehouse"
    warehouse.mkdir()
    monkeypatch.setenv("PYICEBERG_CATALOG__LAKE__URI", f"sqlite:///{tmp_path}/catalogue.db")
    monkeypatch.setenv("PYICEBERG_CATALOG__LAKE__WAREHOUSE", warehouse.as_uri())
    monkeypatch.setattr(catalog, "_ENV_CONFIG", Config())  # which PyIceberg reads when it is imported
    remember_format(stored.root, TableFormat("iceberg", "lake", NAMESPACE))
    write_run(output, "run", ["a"])
    stored.publish()
    update_tables(stored.root, "run")
    assert list(warehouse.rglob("*.avro"))
    assert not [name for name in files.list_names(stored.root) if name.startswith("iceberg/")]
    update_tables(stored.root, "erase", forget=True)
    update_tables(stored.root, "again")
    assert len(list(warehouse.rglob("*.metadata.json"))) >= len(SCHEMAS)


def test_a_file_of_metadata_is_written_when_it_is_closed_without_an_error(tmp_path: Path) -> None:
    metadata = OutputFiles({OUTPUT_ROOT: str(tmp_path)})
    place = str(tmp_path / "iceberg" / "one.avro")

    def write(content: bytes) -> None:
        with metadata.new_output(place).create() as stream:
            stream.write(content)
            assert content != b"half", "the process ends here"

    with pytest.raises(AssertionError):
        write(b"half")
    assert not metadata.new_input(place).exists()
    write(b"whole")
    with pytest.raises(FileExistsError):
        write(b"another")
    with metadata.new_input(place).open() as stream:
        assert stream.read(-1) == b"whole"
    assert len(metadata.new_input(place)) == len(b"whole")
    metadata.delete(place)
    with pytest.raises(FileNotFoundError):
        metadata.new_input(place).open()


def test_a_file_of_metadata_that_is_never_closed_is_not_written(tmp_path: Path) -> None:
    metadata = OutputFiles({OUTPUT_ROOT: str(tmp_path)})
    place = str(tmp_path / "iceberg" / "one.avro")

    def begin(header: dict[str, Any]) -> None:
        AvroOutputFile(metadata.new_output(place), Schema(), "rows", metadata=header).__enter__()

    with pytest.raises(AttributeError):
        begin({"rows": 1})  # the header cannot be written, so PyIceberg forgets the file
    begin({})
    gc.collect()
    assert not metadata.new_input(place).exists()
    with AvroOutputFile(metadata.new_output(place), Schema(), "rows"):
        pass
    assert metadata.new_input(place).exists()


@pytest.mark.parametrize("stored", [("s3", "iceberg")], indirect=True)
def test_half_a_file_of_metadata_is_in_no_snapshot(output: Path, stored: StoredTables) -> None:
    def manifests() -> set[str]:
        return {name for name in files.list_names(stored.root) if name.endswith(".avro")}

    write_run(output, "first", ["a"])
    stored.publish()
    update_tables(stored.root, "first")
    before = manifests()
    write_run(output, "second", ["b"])
    stored.publish()
    table = IcebergTables(stored.root, stored.format).open("transcripts", SCHEMAS["transcripts"])
    sizes: Any = {f"transcripts/run_date={RUN_DATE}/second-0000.parquet": "no number"}
    with pytest.raises(TypeError):  # Avro cannot hold it
        table.change(sizes, {}, SCHEMAS["transcripts"], "second")
    assert manifests() > before
    assert stored.runs_of_snapshots("transcripts") == ["first"]
    update_tables(stored.root, "second")
    assert stored.recordings("transcripts") == [("a", "first"), ("b", "second")]


@pytest.mark.parametrize("stored", [("s3", "delta")], indirect=True)
def test_a_store_that_the_delta_library_cannot_reach_is_found_before_a_run(
    stored: StoredTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_format(stored.root, stored.format)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    with pytest.raises(RunError, match="the look at the delta tables failed with OSError"):
        check_format(stored.root, stored.format)


@pytest.mark.parametrize("stored", [("az", "iceberg")], indirect=True)
def test_what_an_earlier_run_recorded_in_iceberg_tables_at_azure_is_still_erased(
    output: Path, stored: StoredTables
) -> None:
    assert decided_format(stored.root, None, None, None) == stored.format
    write_run(output, "first", ["gone-4711"])
    stored.publish()
    update_tables(stored.root, "first")

    check_format(stored.root, stored.format)
    status, terminal = call(erase, stored.root, "--recording_id", "gone-4711")
    assert status == EXIT_COMPLETED, terminal
    held = files.fetch_folder(stored.root, output.parent / "copy")
    assert not [path for path in held.rglob("*") if path.is_file() and b"gone-4711" in path.read_bytes()]
    assert call(expire, stored.root, "--older_than", "0m")[0] == EXIT_COMPLETED


def test_an_output_whose_files_readers_of_iceberg_could_not_find_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _empty_container() as container:
        monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", f"BlobEndpoint={container.url}/lake;{_SIGNATURE}")
        with pytest.raises(
            ConfigurationError, match=r"--tables: iceberg needs an output on a local disk, or at gs:// or"
        ):
            decided_format("az://calls/out", "iceberg", f"sqlite:///{tmp_path}/catalogue.db", NAMESPACE)


_ACCOUNT = {"azure_storage_account_name": "lake", "azure_storage_account_key": "a2V5=="}


@pytest.mark.parametrize(
    ("output", "variables", "settings"),
    [
        ("/srv/out", {"AWS_ENDPOINT_URL_S3": "http://minio:9000"}, {}),
        ("s3://b/out", {}, {}),
        ("s3://b/out", {"AWS_ENDPOINT_URL": "https://minio"}, {"aws_endpoint": "https://minio"}),
        (
            "s3://b/out",
            {"AWS_ENDPOINT_URL": "https://other", "AWS_ENDPOINT_URL_S3": "http://minio:9000"},
            {"aws_endpoint": "http://minio:9000", "allow_http": "true"},
        ),
        ("az://c/out", {"AZURE_STORAGE_ACCOUNT_NAME": "lake"}, {}),
        (
            "az://c/out",
            {
                "AZURE_STORAGE_CONNECTION_STRING": "DefaultEndpointsProtocol=https;AccountName=lake;AccountKey=a2V5==;"
                "EndpointSuffix=core.chinacloudapi.cn"
            },
            {**_ACCOUNT, "azure_storage_endpoint": "https://lake.blob.core.chinacloudapi.cn"},
        ),
        (
            "az://c/out",
            {"AZURE_STORAGE_CONNECTION_STRING": "BlobEndpoint=https://lake.example;SharedAccessSignature=sv=1&sig=x"},
            {
                "azure_storage_account_name": "lake",
                "azure_storage_sas_key": "sv=1&sig=x",
                "azure_storage_endpoint": "https://lake.example",
            },
        ),
        (
            "az://c/out",
            {"AZURE_STORAGE_CONNECTION_STRING": "accountname=lake;AccountKey=a2V5=="},
            {**_ACCOUNT, "azure_storage_endpoint": "https://lake.blob.core.windows.net"},
        ),
    ],
)
def test_settings_of_the_delta_library_follow_the_jobs(
    output: str, variables: dict[str, str], settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AZURE_STORAGE_CONNECTION_STRING"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert store_settings(output) == settings


_SIGNATURE = "SharedAccessSignature=sv=2024-11-04&ss=b&sig=a%2Bb%3D"


class _EmptyContainer(ThreadingHTTPServer):
    """Answers as a container without blobs does, and keeps what was asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.paths: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answer(BaseHTTPRequestHandler):
    server: _EmptyContainer

    def do_GET(self) -> None:
        self.server.paths.append(self.path)
        is_listing = "comp=list" in self.path
        self.send_response(200 if is_listing else 404)
        self.end_headers()
        if is_listing:
            self.wfile.write(b"<EnumerationResults><Blobs/><NextMarker/></EnumerationResults>")

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@contextmanager
def _empty_container() -> Iterator[_EmptyContainer]:
    with _EmptyContainer() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()


@pytest.mark.parametrize(
    ("endpoint", "folder"),
    [
        pytest.param("http://localhost:{port}/", "/calls/", id="account-in-host"),
        pytest.param("http://127.0.0.1:{port}/lake", "/lake/calls/", id="account-in-path"),
    ],
)
def test_the_delta_library_takes_the_connection_string_of_a_shared_access_signature(
    endpoint: str, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _empty_container() as container:
        monkeypatch.setenv(  # as Azure's portal gives it
            "AZURE_STORAGE_CONNECTION_STRING",
            f"BlobEndpoint={endpoint.format(port=container.server_port)};"
            f"QueueEndpoint=https://lake.queue.core.windows.net/;{_SIGNATURE}",
        )
        check_format("az://calls/out", TableFormat("delta"))
    assert container.paths[0].startswith(f"{folder}out/")
    assert all("sv=2024-11-04&ss=b&sig=a%2Bb%3D" in path for path in container.paths)
