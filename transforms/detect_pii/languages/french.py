"""French grammar: numbers, identifiers, e-mail addresses, spelled words, passwords, announced names.

The models find names of streets, towns and people. Health, work and similar policies are not covered.
"""

from __future__ import annotations

from hushbeam.schemas.policies import BY_GRAMMAR
from hushbeam.transforms.detect_pii.languages import number_phrases
from hushbeam.transforms.detect_pii.languages.language import Language, QuantityWords, in_order, vocabulary

_ONES = in_order("un deux trois quatre cinq six sept huit neuf")
_TEENS = in_order("dix onze douze treize quatorze quinze seize")
_MONTHS = in_order("janvier février mars avril mai juin juillet août septembre octobre novembre décembre")

LANGUAGE = Language(
    code="fr",
    policies=BY_GRAMMAR,
    digits={"zéro": "0", "zero": "0", "une": "1"} | {word: str(value) for value, word in enumerate(_ONES, 1)},
    teens={word: str(value) for value, word in enumerate(_TEENS, 10)},
    tens={
        "vingt": "20",
        "vingts": "20",
        "trente": "30",
        "quarante": "40",
        "cinquante": "50",
        "soixante": "60",
        "septante": "70",
        "huitante": "80",
        "octante": "80",
        "nonante": "90",
    },
    number_phrases=number_phrases.french(_ONES, _TEENS, in_order("vingt trente quarante cinquante soixante")),
    hundreds=frozenset({"cent", "cents"}),
    thousands=frozenset({"mille", "million", "millions"}),
    repeats={"double": "2", "triple": "3"},
    ordinals={"premier": "1"},
    homophones={},
    one_letter_words=frozenset({"A", "À", "Y", "L", "D"}),
    joiners=vocabulary("tiret point et barre espace puis"),
    list_words=frozenset({"et", "puis"}),
    fillers=vocabulary(
        """
        euh heu ben bah alors donc voilà oui c'est cest le la un moment attendez pardon ok okay d'accord daccord je
        crois
        """
    ),
    hesitations=vocabulary("euh heu ben alors et oui cest puis donc"),
    corrections=("non pardon", "pardon", "non", "attendez", "je me trompe", "plutôt"),
    backchannels=vocabulary(
        """
        ok okay oui d'accord daccord très bien parfait merci allez y allez-y je vous écoute continuez hum mhm un
        instant
        """
        "moment voilà exactement"
    ),
    interruptions=vocabulary("euh heu attendez"),
    symbols={
        "point": ".",
        "arobase": "@",
        "arobas": "@",
        "arrobase": "@",
        "tiret": "-",
        "underscore": "_",
        "slash": "/",
        "plus": "+",
        "dièse": "#",
        "étoile": "*",
    },
    spelling_phrases=(("comme",), ("comme", "dans")),
    months={month: number for number, month in enumerate(_MONTHS, 1)},
    weekdays=vocabulary("lundi mardi mercredi jeudi vendredi samedi dimanche"),
    articles=frozenset({"le"}),
    date_links=frozenset(),
    year_prepositions=vocabulary("en depuis année jusqu'en"),
    cues={
        "credit_card_cvv": (
            r"cryptogramme(?: visuel)?",
            r"code de s[ée]curit[ée]",
            r"cvv",
            r"cvc",
            r"(?:trois|3) chiffres (?:au|derri[èe]re)(?: dos)?",
        ),
        "credit_card_expiration": (r"expiration", r"expire", r"date de validit[ée]", r"valable jusqu"),
        "vehicle_id": (r"immatriculation", r"plaque"),
        "drivers_license": (r"permis(?: de conduire)?",),
        "passport_number": (r"passeport",),
        "banking_information": (r"\brib\b", r"iban", r"compte (?:bancaire|courant)", r"code (?:banque|guichet)"),
        "us_social_security_number": (r"(?:num[ée]ro de )?s[ée]curit[ée] sociale", r"num[ée]ro de s[ée]cu"),
        "healthcare_number": (r"carte vitale", r"num[ée]ro (?:de )?(?:patient|dossier|mutuelle)", r"mutuelle"),
        "date_of_birth": (r"date de naissance", r"n[ée]e? le", r"anniversaire"),
        "location_zip": (r"code postal",),
        "password": (
            r"mot de passe",
            r"\bpin\b",
            r"code (?:secret|confidentiel|d'acc[èe]s|de v[ée]rification|de confirmation)",
        ),
        "phone_number": (
            r"t[ée]l[ée]phone",
            r"portable",
            r"num[ée]ro de (?:t[ée]l[ée]phone|mobile|fixe)",
            r"joindre au",
            r"appel(?:er|ez)(?:-moi)? au",
            r"mobile",
            r"poste",
        ),
        "credit_card_number": (
            r"num[ée]ro de (?:la |votre |ma )?carte",
            r"carte (?:bancaire|bleue|de cr[ée]dit)",
            r"visa",
            r"mastercard",
        ),
        "account_number": (
            (
                r"num[ée]ro (?:de |d')?(?:compte|client|adh[ée]rent|contrat|police|commande|r[ée]f[ée]rence|"
                r"r[ée]servation|facture|dossier|sinistre)"
            ),
            r"r[ée]f[ée]rence",
        ),
        "card": (r"carte",),
        "code": (r"code",),
        "number_sequence": (r"carte d'identit[ée]", r"siret", r"siren", r"num[ée]ro fiscal"),
    },
    quantities=QuantityWords(
        units={
            "money_amount": vocabulary("euros euro dollars centimes francs"),
            "duration": vocabulary(
                "secondes minutes heures jours semaines mois ans an année heure minute jour semaine"
            ),
            "statistics": vocabulary("pourcent"),
            "": vocabulary(
                "personnes fois kilomètres mètres kilos grammes milligrammes degrés boîtes unités points gigas"
            ),
        },
        number_links=frozenset({"et"}),
        range_words=frozenset({"à", "ou", "-"}),
        cents=frozenset({"centimes"}),
        clause_starts=vocabulary("et mais en aujourd'hui maintenant"),
    ),
    mail_words=vocabulary("mail email courriel adresse e-mail"),
    address_leads=vocabulary("cest est"),
    answer_leads=vocabulary("cest oui alors mon ma le la mail euh donc"),
    interjections=vocabulary("oui daccord bien merci et à"),
    cue_links=vocabulary("est c'est mon ma le la de votre"),
    spelling_cues=vocabulary("épeler épelle épelez épelé épelez-moi lettres lettre"),
    spelling_links=vocabulary("et puis tiret"),
    letter_marks=vocabulary("accent aigu grave circonflexe tréma cédille trait dunion union majuscule minuscule"),
    secret_cues={
        "password": (r"mots? de passe", r"code secret", r"mot secret"),
        "username": (r"nom d'utilisateur", r"(?:mon|votre|l')? ?identifiant", r"pseudo(?:nyme)?"),
        "answer": (
            r"nom de jeune fille",
            r"premier animal(?: de compagnie)?",
            r"(?:question|r[ée]ponse) (?:de s[ée]curit[ée]|secr[èe]te)",
        ),
    },
    secret_links=vocabulary("est était cest sont serait maintenant"),
    secret_leads=vocabulary("cest est oui alors ben euh cétait le la mon ma je crois que sappelait bien sûr"),
    secret_ends=vocabulary("et mais parce merci car"),
    not_secrets=vocabulary(
        "incorrect correct nouveau oublié expiré pas faux bloqué obligatoire valide invalide trop très sécurisé "
        "personnel confidentiel pour que"
    ),
    sentence_words=vocabulary(
        "est cest fait ne pas pouvez voudrais besoin comment quoi quand où oublié sais pourquoi jai ai"
    ),
    name_announcements=(
        r"je m'appelle",
        r"(?:mon|votre|son) nom (?:est|c'est)",
        r"je suis",
        r"(?:c'est|ici)",
        r"au nom de",
        r"de la part de",
        r"(?:monsieur|madame|mademoiselle|docteur|m\.|mme)",
        r"(?:mon|ma|votre) (?:mari|femme|[ée]poux|[ée]pouse|fils|fille|p[èe]re|m[èe]re|fr[èe]re|s[œo]e?ur)",
    ),
    name_particles=vocabulary("de du des la le d l"),
)
