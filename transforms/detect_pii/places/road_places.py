"""Recogniser of places that are not addresses: motorways and exits, corners, coordinates."""

from __future__ import annotations

import re
from collections.abc import Iterable

from hushbeam.transforms.detect_pii.recogniser import Candidate, GrammarRecogniser
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from hushbeam.transforms.detect_pii.text.cues import lowered

_NUMBER = (
    r"(?:\d+[a-z]?|(?:(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|"
    r"seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|oh|zero)[ -]?)+)"
)
_BOUND = r"(?: (?:north|south|east|west)(?:bound)?)?"
_ORDINAL = (
    r"(?:(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)[ -])?(?:first|second|third|fourth|fifth|sixth|"
    r"seventh|eighth|ninth|tenth|eleventh|twelfth|\w+teenth|\w+tieth)"
)
_NAME = rf"(?:[A-Z\d][\w'’]*(?: (?:of )?[A-Z\d][\w'’]*){{0,3}}|{_ORDINAL}\b)"
_ROAD = re.compile(
    rf"(?<!\w)(?:(?:us |state |county |old )?(?:interstate|highway|hwy|motorway|freeway|state road|county road|route|"
    rf"exit|mile ?marker|milepost|junction) (?:number )?{_NUMBER}{_BOUND}|(?:on|off|from|along|the) "
    rf"(?P<short>i[- ]?\d{{1,3}}|[am]\d{{1,4}}){_BOUND})(?!\w)"
)
_CORNER = re.compile(
    rf"(?:[Cc]orner|[Ii]ntersection|[Jj]unction) of (?P<both>(?:the )?{_NAME} (?:and|&|at) (?:the )?{_NAME})"
)
_DEGREES = r"(?:minus |negative |-)?\d{1,3}(?:\.\d+| point [\d ]+|°)?(?: degrees?)?(?: \d{1,2} minutes?)?"
_NORTH = r",? (?:north|south|n\b|s\b)"
_EAST = rf"[ ,]+(?:and |by )?{_DEGREES},? (?:east|west|e\b|w\b)"
_COORDINATE = re.compile(
    rf"(?<!\w){_DEGREES}{_NORTH}(?:{_EAST})?"
    rf"|(?:latitude|longitude)(?: is|:|,)? (?P<value>{_DEGREES}(?:,? (?:north|south|east|west))?)"
    rf"|coordinates?(?: are|:|,)? (?P<pair>{_DEGREES}[ ,]+(?:and |by )?{_DEGREES})(?!\w| ?,? (?:north|south))"
)
_COORDINATE_TALK = re.compile(r"latitude|longitude|coordinates?|degrees|gps")
_SCORE = 0.75


class RoadPlaces(GrammarRecogniser):
    name = "road_places"
    policies = frozenset({"location", "location_coordinate"})

    def recognise(self, conversation: Conversation) -> Iterable[Candidate]:
        if conversation.language.code != "en":
            return
        text = lowered(conversation.text)
        for match in _ROAD.finditer(text):
            yield self._candidate(conversation, "location", *match.span(match.lastgroup or 0))
        for match in _CORNER.finditer(conversation.text):
            yield self._candidate(conversation, "location", *match.span("both"))
        if _COORDINATE_TALK.search(text):
            for match in _COORDINATE.finditer(text):
                yield self._candidate(
                    conversation, "location_coordinate", *match.span("value" if match["value"] else 0)
                )

    def _candidate(self, conversation: Conversation, policy: str, start: int, end: int) -> Candidate:
        first_word, last_word = conversation.words_of(start, end)
        return Candidate(
            policy, first_word, last_word, _SCORE, self.name, " ".join(conversation.text[start:end].split())
        )
