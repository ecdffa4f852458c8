"""French: numbers, identifiers, e-mail addresses and spelled words."""

from __future__ import annotations

from hushbeam.transforms.detect_pii.languages import number_phrases
from hushbeam.transforms.detect_pii.languages.language import Language, QuantityWords, in_order, vocabulary

_ONES = in_order("un deux trois quatre cinq six sept huit neuf")
_TEENS = in_order("dix onze douze treize quatorze quinze seize")
_MONTHS = in_order("janvier février mars avril mai juin juillet août septembre octobre novembre décembre")

LANGUAGE = Language(
    code="fr",
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
    one_letter_words=frozenset({"A", "À", "Y", "L", "D"}),
    joiners=vocabulary("tiret point et barre espace puis"),
    fillers=vocabulary(
        """
        euh heu ben bah alors donc voilà oui cest le la un moment attendez pardon ok okay daccord je
        crois
        """
    ),
    hesitations=vocabulary("euh heu ben alors et oui cest puis donc"),
    corrections=("non pardon", "pardon", "non", "attendez", "je me trompe", "plutôt"),
    backchannels=vocabulary(
        """
        ok okay oui daccord très bien parfait merci allez y je vous écoute continuez hum mhm un
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
    year_prepositions=vocabulary("en depuis année jusquen"),
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
        clause_starts=vocabulary("et mais en aujourdhui maintenant"),
    ),
    asked_words={
        "person_name": vocabulary("nom noms prénom prénoms appelle appelez épeler épelez épelle"),
        "location": vocabulary("adresse rue avenue boulevard ville commune village"),
        "email_address": vocabulary("mail email courriel"),
        "username": vocabulary("identifiant pseudo pseudonyme"),
        "ip_address": frozenset({"ip"}),
        "url": vocabulary("site"),
    },
    mail_words=vocabulary("mail email courriel adresse"),
    address_leads=vocabulary("cest est"),
    answer_leads=vocabulary("cest oui alors mon ma le la mail euh donc"),
    interjections=vocabulary("oui daccord bien merci et à"),
    greetings=vocabulary("bonjour bonsoir allo salut merci"),
    name_endings=(("à", "lappareil"),),
    titles=vocabulary("monsieur madame mademoiselle docteur docteure professeur maitre m mme mlle dr me"),
    letter_words={
        "bé": "B",
        "cé": "C",
        "dé": "D",
        "eux": "E",
        "effe": "F",
        "gé": "G",
        "ache": "H",
        "hache": "H",
        "ji": "J",
        "ka": "K",
        "cas": "K",
        "elle": "L",
        "ailes": "L",
        "aime": "M",
        "haine": "N",
        "pé": "P",
        "ku": "Q",
        "air": "R",
        "aire": "R",
        "erre": "R",
        "esse": "S",
        "té": "T",
        "thé": "T",
        "vé": "V",
        "ixe": "X",
        "zède": "Z",
        "zed": "Z",
    },
    at_homophones=vocabulary("robase arobaz arrobas"),
    spelling_cues=vocabulary("épeler épelle épelez épelé lettres lettre"),
    spelling_links=vocabulary("et puis tiret"),
    letter_marks=vocabulary("accent aigu grave circonflexe tréma cédille trait dunion union majuscule minuscule"),
)
