"""Recogniser of health data: conditions, injuries, medicines, treatments, blood types."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from typing import NamedTuple

from hushbeam.transforms.detect_pii.names.words import all_names, is_common
from hushbeam.transforms.detect_pii.recogniser import Candidate, GrammarRecogniser
from hushbeam.transforms.detect_pii.text.atoms import Kind
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from hushbeam.transforms.detect_pii.text.cues import lowered
from hushbeam.transforms.detect_pii.text.sound_alikes import likeness, sound_of
from hushbeam.transforms.detect_pii.text.tokens import Terms, Token, read_terms, tokens_of, word_set

_LISTED = 0.85
_BY_FORM = 0.8
_ALIKE = 0.7
_UNKNOWN = 0.5

# Last words of the names of illnesses, and words that must not precede them.
_CONDITION_HEADS = word_set(
    """
    disease diseases syndrome disorder disorders cancer cancers infection infections tumor tumors tumour deficiency
    carcinoma lymphoma leukemia leukaemia sarcoma fibrillation hypertension hypotension neuropathy hepatitis arthritis
    diabetes anemia anaemia dementia neoplasm failure insufficiency depression allergy allergies condition pain attack
    """
)
_NEED_MODIFIER = word_set("disease diseases disorder disorders failure deficiency insufficiency condition pain attack")
_MODIFIERS_OF_WEAK_HEADS = {
    "failure": word_set("heart kidney renal liver respiratory organ congestive"),
    "condition": word_set("heart skin lung thyroid kidney liver medical mental chronic preexisting autoimmune"),
    "pain": word_set("chest back neck stomach knee joint abdominal hip shoulder pelvic leg arm foot chronic"),
    "attack": word_set("heart panic asthma anxiety"),
}
_MODIFIERS = word_set(
    """
    stage type grade chronic acute severe mild major minor bipolar clinical seasonal congestive coronary metastatic
    terminal advanced early late onset juvenile rheumatoid inflammatory irritable restless autoimmune genetic rare
    heart kidney liver lung breast prostate colon skin brain bone blood ovarian cervical pancreatic thyroid bladder
    stomach throat renal urinary tract bowel crohn's celiac lyme sickle cell alzheimer's parkinson's huntington's
    graves mental eating sleep anxiety mood panic personality obsessive compulsive post traumatic stress attention
    deficit hyperactivity substance use alcohol opioid vitamin iron immune respiratory sinus ear eye yeast bacterial
    viral fungal staph sexually transmitted atrial high low pulmonary gestational one two three four five
    postpartum peanut nut latex penicillin bee seafood shellfish egg milk food drug pollen gluten carpal tunnel down
    chest back neck knee joint abdominal hip shoulder pelvic leg arm foot organ preexisting non hodgkin's
    """
)

# Treatments that a part of the body or an illness makes exact: "knee replacement", "liver biopsy".
_PROCESS_HEADS = word_set(
    """
    surgery surgeries operation scan scans xray ray rays replacement transplant biopsy exam screening therapy injection
    injections implant removal repair vaccination bypass ultrasound graft amputation reconstruction fusion
    """
)
_PROCESS_MODIFIERS = word_set(
    """
    head face nose jaw neck back spine spinal shoulder arm elbow wrist hand finger thumb chest rib hip pelvic leg knee
    ankle foot toe skull eye ear tooth dental heart cardiac coronary kidney liver lung breast prostate colon skin brain
    bone ovarian cervical thyroid bladder stomach throat bowel gallbladder appendix tonsil hernia cataract acl meniscus
    tendon ligament plastic cosmetic laser open oral weight loss gastric bariatric knees hips x full body physical
    speech occupational radiation hormone laparoscopic arthroscopic emergency reconstructive double total partial
    cancer tumor mole cyst gallstone cortisone steroid botox stem cell marrow corneal hair skin
    """
)

_BODY = (
    "eyebrows?|eyelids?|"
    "head|forehead|face|cheek|chin|nose|jaw|mouth|lip|scalp|skull|neck|back|spine|shoulders?|collar ?bone|arms?|"
    "elbows?|wrists?|hands?|fingers?|thumbs?|chest|ribs?|hips?|pelvis|groin|stomach|legs?|knees?|knee ?cap|thighs?|"
    "shins?|calf|ankles?|foot|feet|toes?|heels?|eyes?|ears?|tooth|teeth|tailbone|hamstring|ligaments?|"
    r"[am]\.? ?c\.? ?l|meniscus|tendons?|"
    "achilles|rotator cuff|muscles?"
)
_HURT = (
    "broke|broken|fractured|sprained|twisted|hurt|injured|tore|torn|cut|burned|burnt|bruised|dislocated|pulled|strained|"
    "smashed|crushed|banged|bumped|sliced|scraped|shattered|cracked|ruptured|wrenched|jammed|hit|skinned|gashed|slammed|"
    "popped|busted|threw out|messed up|split|severed|lost|grazed|stubbed|chipped|knocked out"
)
_WORSE = "(?:really|very|pretty|so|all|still|a bit|a little|quite) "
_SIDE = r"(?:left|right|lower|upper|front|back|little|big|middle|index)"
_WHOSE = r"(?:my|his|her|their|your|our)"
_INJURY = re.compile(
    rf"(?<!\w)(?:(?:(?:i|he|she|we|they|you)(?:'ve|'s|'d)? )?(?:have |has |had |just |also |badly |really |may have )*"
    rf"(?:{_HURT})(?: up)? (?:{_WHOSE}|an?|the|both|some|two|a couple of|one of {_WHOSE})(?: {_SIDE})? (?:{_BODY})"
    rf"|(?:did|done|doing) {_WHOSE} (?:{_SIDE} )?(?:{_BODY}) in"
    rf"|(?:an? )?(?:{_HURT}|swollen|wounded|bleeding|bloody|black|stiff|sore) (?:{_SIDE} )?(?:{_BODY})"
    rf"|(?:(?:i|he|she|you)(?:'ve|'s)? )?(?:just )?(?:cut|burned|burnt|hurt|injured|scalded) (?:myself|himself|herself)"
    rf"|{_WHOSE} (?:{_SIDE} )?(?:{_BODY}) (?:is|was|got|are|were|feels?) (?:{_WORSE})?"
    rf"(?:{_HURT}|swollen|bleeding|sore|stiff|painful|numb)"
    rf"|{_WHOSE} (?:{_SIDE} )?(?:{_BODY}) (?:hurts|aches|is killing me)"
    r"|(?:an? )?(?:bad |deep |small |big |nasty )?(?:cut|gash|bruise|bump|burn|scratch|wound|swelling|stitches) "
    rf"(?:on|to|in|under|over|above|below) (?:{_WHOSE}|the) (?:{_SIDE} )?(?:{_BODY})"
    rf"|(?:{_BODY}) (?:injury|injuries|fracture|sprain|wound|bruise|laceration|contusion|burn|strain|dislocation))"
    r"(?!\w)"
)
_BLOOD_TYPE = re.compile(
    r"(?<!\w)(?:blood (?:type|group)(?: is|'s|:|,)?|type) (?:an? )?(?P<after>(?:ab|a|b|o|oh|all)\b(?:[ -]?(?:positive|"
    r"negative|plus|minus|pos\b|neg\b)|[+-])?)"
    r"|(?<!\w)(?P<alone>(?:ab|a|b|o)[ -](?:positive|negative)|(?:ab|o)[+-])(?!\w)"
)
_BLOOD_TALK = re.compile(r"\bblood (?:type|group)|\btransfusion|\bdonor|\bdonat")

# Endings of medicines' names, which follow rules and which speech recognisers keep better than the rest.
_DRUG_ENDING = re.compile(
    r"(?:pril|sartan|[aeo]lol|statin|formin|gliptin|gliflozin|glutide|prazole|tidine|cillin|mycin|cycline|floxacin|"
    r"conazole|[iou]mab|tinib|parin|xaban|[ae]zepam|[ao]zolam|barbital|codone|morphone|caine|triptan|setron|lukast|terol|"
    r"asone|isolone|dipine|thiazide|semide|[ae]nafil|oxetine|triptyline|eridone|tiapine|zapine|[cn]avir|[cl]ovir|phylline|"
    r"dronate|profen|olone|oxin|adine|amide|lamine)$"
)
_DRUG_TALK = word_set(
    """
    taking takes take took prescribed prescribe prescription prescriptions refill refilling refills medication
    medications medicine medicines meds pills pill dose doses dosage milligrams milligram mg tablets tablet capsules
    drug drugs inhaler injection injections pharmacy pharmacist generic
    """
)
_TAKING = word_set("taking takes took prescribed refill refilling prescribes")
_DOSE_UNITS = word_set(
    "milligrams milligram mg micrograms microgram mcg grams gram ml milliliters units tablets tablet pills puffs drops"
)
_SHORTEST_ALIKE = 6
_ALIKE_IN_DRUG_TALK = 0.7
_ALIKE_ELSEWHERE = 0.86
_REACH = 12


class _Found(NamedTuple):
    policy: str
    first: int
    last: int
    score: float


class MedicalTerms(GrammarRecogniser):
    name = "medical_terms"
    policies = frozenset({"medical_condition", "medical_process", "injury", "drug", "blood_type"})

    def load(self) -> None:
        self._terms = Terms(
            (term, policy)
            for policy, gazetteer in (
                ("drug", "drugs"),
                ("medical_condition", "medical_conditions"),
                ("medical_process", "medical_processes"),
                ("injury", "injuries"),
            )
            for term in sorted(read_terms(gazetteer))
        )
        self._drugs_by_sound: dict[str, list[str]] = defaultdict(list)
        for drug in sorted(read_terms("drugs")):
            self._drugs_by_sound[sound_of(drug)[:1]].append(drug)

    def recognise(self, conversation: Conversation) -> Iterable[Candidate]:
        if conversation.language.code != "en":
            return
        tokens = tokens_of(conversation)
        listed = [_Found(policy, first, last, _LISTED) for first, last, policy in self._terms.find(tokens)]
        taken = {position for found in listed for position in range(found.first, found.last + 1)}
        is_medical = bool(listed)
        found = [*listed, *_headed(tokens), *self._unlisted_drugs(tokens, taken, is_medical)]
        numbers = {atom.start for atom in conversation.atoms if atom.is_number or atom.kind is Kind.HUNDRED}
        for one in found:
            last = _end_of_dose(numbers, tokens, one.last) if one.policy == "drug" else one.last
            yield self._candidate(conversation, one.policy, tokens[one.first].start, tokens[last].end, one.score)
        text = lowered(conversation.text)
        for match in _INJURY.finditer(text):
            yield self._candidate(conversation, "injury", *match.span(), _LISTED)
        for match in _BLOOD_TYPE.finditer(text):
            group = "after" if match["after"] else "alone"
            near = text[max(0, match.start() - 200) : match.end() + 60]
            if _BLOOD_TALK.search(near) or group == "alone":
                yield self._candidate(conversation, "blood_type", *match.span(group), _BY_FORM)

    def _unlisted_drugs(self, tokens: Sequence[Token], taken: set[int], is_medical: bool) -> Iterator[_Found]:
        for position, token in enumerate(tokens):
            word = token.plain
            if (
                position in taken
                or word in _DRUG_TALK
                or not word.isalpha()
                or len(word) < _SHORTEST_ALIKE - 1
                or is_common(word)
            ):
                continue
            around = {other.plain for other in tokens[max(0, position - _REACH) : position + 4]}
            is_drug_talk = not _DRUG_TALK.isdisjoint(around)
            if not is_drug_talk and (not is_medical or word in all_names()):
                continue
            if len(word) > _SHORTEST_ALIKE and _DRUG_ENDING.search(word):
                yield _Found("drug", position, position, _BY_FORM)
            elif self._is_like_a_drug(word, _ALIKE_IN_DRUG_TALK if is_drug_talk else _ALIKE_ELSEWHERE):
                yield _Found("drug", position, position, _ALIKE)
            elif is_medical and word not in all_names() and _is_taken(tokens, position):
                yield _Found("drug", position, position, _UNKNOWN)

    def _is_like_a_drug(self, word: str, least: float) -> bool:
        if len(word) < _SHORTEST_ALIKE:
            return False
        candidates = self._drugs_by_sound.get(sound_of(word)[:1], [])
        return any(abs(len(drug) - len(word)) < 4 and likeness(word, drug) >= least for drug in candidates)

    def _candidate(self, conversation: Conversation, policy: str, start: int, end: int, score: float) -> Candidate:
        first_word, last_word = conversation.words_of(start, end)
        value = " ".join(lowered(conversation.text[start:end]).split())
        return Candidate(policy, first_word, last_word, score, self.name, value)


def _headed(tokens: Sequence[Token]) -> Iterator[_Found]:
    """`stage three kidney disease`, `knee replacement`: a head with the words before it that say which."""
    for position, token in enumerate(tokens):
        if token.plain in _CONDITION_HEADS:
            first = _first_modifier(tokens, position, _MODIFIERS)
            wanted = _MODIFIERS_OF_WEAK_HEADS.get(token.plain)
            if first == position and token.plain in _NEED_MODIFIER:
                continue
            if wanted is not None and wanted.isdisjoint(other.plain for other in tokens[first:position]):
                continue
            yield _Found("medical_condition", first, position, _BY_FORM)
        elif token.plain in _PROCESS_HEADS:
            first = _first_modifier(tokens, position, _PROCESS_MODIFIERS)
            if first < position:
                yield _Found("medical_process", first, position, _BY_FORM)


def _first_modifier(tokens: Sequence[Token], position: int, modifiers: frozenset[str]) -> int:
    while position > 0 and not tokens[position].begins_clause:
        before = tokens[position - 1].plain
        if before not in modifiers and not (before.isdigit() and len(before) == 1 and modifiers is _MODIFIERS):
            break
        position -= 1
    return position


def _is_taken(tokens: Sequence[Token], position: int) -> bool:
    """Whether a word stands where a medicine's name would: `he takes X when he needs it`."""
    before = tokens[max(0, position - 3) : position]
    return any(token.plain in _TAKING for token in before) and not tokens[position].begins_sentence


def _end_of_dose(numbers: Set[int], tokens: Sequence[Token], last: int) -> int:
    """The last token of the dose that follows a medicine's name: `metoprolol, fifty milligrams`.

    `numbers` are the characters at which numbers start.
    """
    position = last + 1
    while position < len(tokens) and tokens[position].start in numbers and not tokens[position].begins_sentence:
        position += 1
    if position == last + 1 or position >= len(tokens):
        return last
    is_glued = tokens[position - 1].plain.endswith(("mg", "mcg", "ml"))
    if tokens[position].plain in _DOSE_UNITS and not tokens[position].begins_sentence:
        return position
    return position - 1 if is_glued else last
