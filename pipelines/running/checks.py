"""Checks of `hushbeam doctor`: they call the functions in which the run itself would fail."""

from __future__ import annotations

import ctypes
import shutil
import socket
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import apache_beam as beam
import av
import ctranslate2
import google.auth
from apache_beam.options.pipeline_options import (
    FlinkRunnerOptions,
    PipelineOptions,
    PortableOptions,
    PrismRunnerOptions,
    StandardOptions,
)
from apache_beam.utils.subprocess_server import JavaJarServer
from google.auth.exceptions import GoogleAuthError

from hushbeam.pipelines.options.commands.redact import RedactOptions
from hushbeam.pipelines.options.dataflow import fit_workers, is_dataflow
from hushbeam.pipelines.options.parsing import is_local
from hushbeam.pipelines.options.rules import read_rules
from hushbeam.pipelines.running.consoles import printable
from hushbeam.pipelines.running.inputs import Inputs, spool_standard_input, spooled_manifests, standard_input_name
from hushbeam.pipelines.running.job import check_secrets, inputs_of
from hushbeam.pipelines.running.observing import Observer
from hushbeam.schemas.errors import ConfigurationError, RunError, installs
from hushbeam.transforms.base.plurals import counted
from hushbeam.transforms.base.temporary_files import check_temporary_files, temporary_root
from hushbeam.transforms.begin_run import check_hashed_with_same_key, check_identities_as_before, check_signed_as_before
from hushbeam.transforms.detect_pii.models.conversation_model import ConversationModel
from hushbeam.transforms.detect_pii.registry import ENTRY_POINT_GROUP, load_recogniser, own_recognisers
from hushbeam.transforms.media.isolation.children import locks
from hushbeam.transforms.read_manifest.check import check_lines
from hushbeam.transforms.read_manifest.line import derived_id
from hushbeam.transforms.sources.allowed import AllowedSources
from hushbeam.transforms.storage import files, urls
from hushbeam.transforms.storage.access import check_access
from hushbeam.transforms.storage.errors import StorageError
from hushbeam.transforms.transcribe import model as speech_model
from hushbeam.transforms.transcribe.engine import load_speech_model
from hushbeam.transforms.transcribe.settings import cores

_LEAST_FREE_BYTES = 5 * 10**9
_ANSWER_WITHIN_S = 3.0
_SHOWN = 5
_IDS_SHOWN = 20
# Encoders of the usual formats of call archives; docs/formats.md lists all formats.
_ENCODERS = ("libmp3lame", "aac", "libopus", "flac", "alac", "pcm_s16le", "pcm_mulaw")
_CUDA_DRIVER = "libcuda.so.1"
_CUDA_LIBRARIES = ("libcublas.so.12", "libcublasLt.so.12")


class Outcome(StrEnum):
    """Outcome of a check: with a problem the run fails; with a warning it may fail or take longer."""

    GOOD = "good"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Check:
    """One check: its subject, its outcome, and a remedy."""

    subject: str
    outcome: Outcome
    detail: str
    remedy: str = ""

    def as_json(self) -> dict[str, str]:
        """As a JSON object."""
        return {"subject": self.subject, "outcome": self.outcome, "detail": self.detail, "remedy": self.remedy}


def checks(options: RedactOptions, beam_options: PipelineOptions) -> Iterator[Check]:
    """All checks, in the order in which a run would fail."""
    yield from _libraries()
    yield from _codecs()
    yield _decoders(options)
    yield from _models(options)
    yield from _gpu(options)
    yield from _secrets(options)
    yield from _inputs(options, local=is_local(beam_options))
    yield from _output(options)
    yield from _disk(options)
    yield from _receivers(options)
    yield from _runner(options, beam_options)


def _libraries() -> Iterator[Check]:
    yield _good("Apache Beam", beam.__version__)
    yield _good("processor cores", str(cores()))


def _codecs() -> Iterator[Check]:
    missing = [name for name in _ENCODERS if name not in av.codecs_available]
    if missing:
        yield _problem("codecs", f"PyAV lacks {', '.join(missing)}", "reinstall av from its wheel: pip install av")
    else:
        yield _good("codecs", f"PyAV {av.__version__} writes {', '.join(_ENCODERS)}")


def _decoders(options: RedactOptions) -> Check:
    try:
        held = locks()
    except RunError as error:
        detail, _, remedy = str(error).partition("; ")
        return _problem("decoders", detail, remedy)
    if not held.missing():
        return _good("decoders", "run in separate processes that cannot open files or use the network")
    return Check(
        "decoders",
        Outcome.PROBLEM if options.decoding.require_confinement else Outcome.WARNING,
        "run in separate processes with limits" + ", which cannot open files" * held.call_filter,
        f"they lack {held.missing()}",
    )


def _models(options: RedactOptions) -> Iterator[Check]:
    yield _tried("speech model", lambda: load_speech_model(options.recognition).identity)
    if options.verification.enabled:
        yield _tried("second recogniser", lambda: speech_model.resolve(options.verification.model).identity)

    if options.detection.rules:

        def rules() -> str:
            found = read_rules(options.detection.rules)
            return (
                f"{counted(len(found.patterns), 'label')} with patterns, {counted(len(found.allow_list), 'exception')}"
            )

        yield _tried("rules", rules)

    def detection_model() -> str:
        model = ConversationModel(options.detection.detector)
        model.load()
        return model.identity

    yield _tried("detection model", detection_model)

    def recognisers() -> str:
        found = own_recognisers(options.detection)
        for recogniser in found:
            load_recogniser(recogniser)
        return ", ".join(recogniser.name for recogniser in found)

    if options.detection.recognisers or entry_points(group=ENTRY_POINT_GROUP):
        yield _tried("recognisers", recognisers)


def _gpu(options: RedactOptions) -> Iterator[Check]:
    found = ctranslate2.get_cuda_device_count()
    if options.recognition.device == "cpu":
        if found:
            yield Check("GPU", Outcome.WARNING, f"{counted(found, 'NVIDIA GPU')} would be idle", "add --device cuda")
        return
    if not _loads(_CUDA_DRIVER):
        # Without a driver no library of CUDA can help: this problem alone is told.
        yield _problem(
            "GPU", f"{_CUDA_DRIVER} does not load: no NVIDIA driver", "use a machine with a GPU, or --device cpu"
        )
        return
    if missing := [library for library in _CUDA_LIBRARIES if not _loads(library)]:
        yield _problem(
            "GPU",
            f"{' and '.join(missing)} cannot be loaded",
            f"{installs('gpu')}; put nvidia/cublas/lib and nvidia/cudnn/lib on LD_LIBRARY_PATH",
        )
    if found:
        yield _good("GPU", counted(found, "NVIDIA GPU"))
    else:
        yield _problem("GPU", "--device cuda, but no usable NVIDIA GPU", "use a machine with a GPU, or --device cpu")


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _secrets(options: RedactOptions) -> Iterator[Check]:
    def read() -> str:
        check_secrets(options)
        return "all secrets that options name can be read on this machine"

    yield _tried("secrets", read)


def _inputs(options: RedactOptions, *, local: bool) -> Iterator[Check]:
    if not (options.inputs or options.manifest):
        return
    subject = "inputs" if options.inputs else "manifest"
    try:
        found = inputs_of(options, local=local)
    except (ConfigurationError, StorageError) as error:
        detail, _, remedy = str(error).partition("; ")
        yield _problem(subject, detail, remedy)
        return
    parts = [(len(found.recordings), "recording"), (len(found.manifests), "manifest")]
    allowed = AllowedSources(options.sources)
    if refusals := list(_refusals(found.recordings, allowed)):
        yield _problem(
            subject,
            f"{counted(len(refusals), 'recording')} would be refused. The first:\n" + "\n".join(refusals[:_SHOWN]),
            "",
        )
    else:
        yield _good(subject, ", ".join(counted(number, noun) for number, noun in parts if number))
    for remark in found.remarks:
        yield Check(subject, Outcome.WARNING, remark)
    if found.recordings and not options.hash_identities:
        most = len(found.recordings) if options.print_json else _IDS_SHOWN
        yield _good("ids", "\n".join(_ids(found.recordings, most)))
    if found.manifests:
        yield _lines(found, options, allowed, local=local)


def _refusals(recordings: Sequence[str], allowed: AllowedSources) -> Iterator[str]:
    for location in recordings:
        try:
            allowed.check(location)
        except StorageError as error:
            yield f"{urls.display(location)}: {error}"


def _ids(recordings: Sequence[str], most: int) -> Iterator[str]:
    """Ids and files of recordings that are named without a manifest, whose ids nobody chose."""
    for url in recordings[:most]:
        yield printable(f"{derived_id(url)}: {urls.display(url)}")
    if len(recordings) > most:
        yield f"and {counted(len(recordings) - most, 'other')}, which --json lists"


def _lines(found: Inputs, options: RedactOptions, allowed: AllowedSources, *, local: bool) -> Check:
    """Whether the lines of the manifests are valid, with the messages of the first that are not."""
    is_unredacted = options.keeping.unredacted_output is not None
    try:
        with spool_standard_input() if standard_input_name() in found.manifests else nullcontext() as spool:
            spooled = spooled_manifests(spool)
            read = check_lines(
                found.manifests, options.defaults, spooled, allowed, unredacted=is_unredacted, local=local
            )
    except (ConfigurationError, StorageError) as error:
        return _problem("lines", str(error), "")
    of_all = f"the first {read.checked:,} lines" if read.stopped else counted(read.checked, "line")
    ignored = f"; without effect here: {', '.join(read.ignored)}" if read.ignored else ""
    if not read.wrong:
        none = Check("lines", Outcome.WARNING, "the manifests name no recording")
        return _good("lines", f"{of_all}, all valid{ignored}") if read.checked else none
    shown = "\n".join(read.first)
    return _problem(
        "lines",
        f"valid: {read.checked - read.wrong:,} of {of_all}{ignored}. The first others:\n{shown}",
        "correct them; a run redacts the others, and these fail",
    )


def _output(options: RedactOptions) -> Iterator[Check]:
    if options.output:
        yield _tried("output", lambda: _written(options, urls.normalised(options.output)))


def _written(options: RedactOptions, output: str) -> str:
    check_access(output)
    check_identities_as_before(output, hashed=options.hash_identities is not None)
    check_hashed_with_same_key(output, options.hash_identities)
    check_signed_as_before(output, options.certificate_key)
    probe = urls.join(output, "runs", f"doctor-{uuid.uuid4().hex}")
    if not files.undisturbed(lambda: files.create(probe, b"a check")):
        raise StorageError("a new file exists already")
    files.delete(probe)
    return "files can be created and deleted there"


def _disk(options: RedactOptions) -> Iterator[Check]:
    folders: dict[str, Path] = {}
    models = _tried("models", speech_model.cache_folder)
    if models.outcome is Outcome.GOOD:
        folders["models"] = speech_model.cache_folder()
    else:
        yield models
    temporary = _tried("temporary files", _temporary_files)
    yield temporary
    if temporary.outcome is Outcome.GOOD:
        folders["temporary files"] = Path(temporary_root())
    for subject, folder in folders.items():
        free = shutil.disk_usage(folder).free
        detail = f"{free / 1e9:.1f} GB free in {folder}"
        if free < _LEAST_FREE_BYTES:
            yield Check(f"disk: {subject}", Outcome.WARNING, detail, "set TMPDIR or XDG_CACHE_HOME to a larger disk")
        else:
            yield _good(f"disk: {subject}", detail)


def _temporary_files() -> str:
    check_temporary_files()
    return "files can be written there"


def _receivers(options: RedactOptions) -> Iterator[Check]:
    named = [option for option, given in options.observability.receivers() if given]

    def made() -> str:
        Observer(options.observability, options.hash_identities)
        return f"{', '.join(named)}: libraries and settings are present"

    if named:
        yield _tried("metrics", made)


def _runner(options: RedactOptions, beam_options: PipelineOptions) -> Iterator[Check]:
    runner = beam_options.view_as(StandardOptions).runner
    if is_dataflow(beam_options):
        yield from _dataflow(options, beam_options)
    elif runner == "FlinkRunner":
        yield from _flink(beam_options)
    elif runner == "PrismRunner":
        location = beam_options.view_as(PrismRunnerOptions).prism_location
        if location and "://" not in location and not Path(location).is_file():
            yield _problem("Prism", "--prism_location: there is no such file", "give the path of the Prism binary")
        elif not location:
            yield Check(
                "Prism", Outcome.WARNING, "Beam would download it", "give --prism_location if it cannot be downloaded"
            )
    else:
        yield _good("runner", f"{runner}, in this process")
    yield from _worker_pool(beam_options)


def _dataflow(options: RedactOptions, beam_options: PipelineOptions) -> Iterator[Check]:
    def fits() -> str:
        fit_workers(beam_options, options.workers, device=options.recognition.device)
        return "no samples of elements are kept; the image is named, and the GPU if one is needed"

    yield _tried("Dataflow", fits)
    try:
        google.auth.default()
    except GoogleAuthError:
        remedy = "gcloud auth application-default login, or GOOGLE_APPLICATION_CREDENTIALS"
        yield _problem("Google credentials", "none were found", remedy)
    else:
        yield _good("Google credentials", "found")


def _flink(beam_options: PipelineOptions) -> Iterator[Check]:
    flink = beam_options.view_as(FlinkRunnerOptions)
    if not shutil.which("java"):
        yield _problem("Java", "Beam's job server for Flink needs it", "install a Java runtime, 11 or newer")
    jar = flink.flink_job_server_jar
    name = f"beam-runners-flink-{flink.flink_version}-job-server-{beam.__version__}.jar"
    staged = Path(JavaJarServer.JAR_CACHE) / name
    if jar and "://" not in jar and not Path(jar).is_file():
        yield _problem("job server", "--flink_job_server_jar: there is no such file", "give the path of the jar")
    elif not jar and not staged.is_file():
        remedy = f"if Maven Central cannot be reached, put {name} into {staged.parent}"
        yield Check("job server", Outcome.WARNING, "Beam would download it", remedy)
    else:
        yield _good("job server", jar or str(staged))
    if not flink.flink_master.startswith("["):
        yield _answers("Flink", flink.flink_master, "start the cluster, or correct --flink_master")


def _worker_pool(beam_options: PipelineOptions) -> Iterator[Check]:
    portable = beam_options.view_as(PortableOptions)
    if (portable.environment_type or "").upper() == "EXTERNAL" and portable.environment_config:
        yield _answers(
            "worker pool",
            portable.environment_config,
            "start `hushbeam workers` at the address of --environment_config",
        )


def _answers(subject: str, address: str, remedy: str) -> Check:
    parts = urlsplit(address if "//" in address else f"//{address}")
    try:
        with closing(socket.create_connection((parts.hostname or "", parts.port or 0), _ANSWER_WITHIN_S)):
            return _good(subject, f"{address} answers")
    except (OSError, ValueError) as error:
        return _problem(subject, f"{address} does not answer ({type(error).__name__})", remedy)


def _tried(subject: str, action: Callable[[], Any]) -> Check:
    try:
        return _good(subject, str(action()))
    except (ConfigurationError, StorageError) as error:
        detail, _, remedy = str(error).partition("; ")
        return _problem(subject, detail, remedy)


def _good(subject: str, detail: str) -> Check:
    return Check(subject, Outcome.GOOD, detail)


def _problem(subject: str, detail: str, remedy: str) -> Check:
    return Check(subject, Outcome.PROBLEM, detail, remedy)
