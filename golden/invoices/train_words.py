"""Words that only train has: many names, headings made from parts, labels and sentences.

Diverse on purpose. From a short list a model learns the names on it; from many it learns to copy what stands there. So
with headings: whether a total is owed or given back must be read from the words, whatever else stands beside them.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from random import Random

import invoice_words as words
import train_forms

# Headings are a first and a second part. Those that ask for money and those that give it back share their second parts,
# so that these decide nothing.
_HEADS = {
    "en": (
        "Service |Sales |Order |Freight |Charge |Debit |Payment |Work |Job |Monthly |Final |Part |Hire |Purchase |"
        "Repair |Member |Rental |Licence ",
        "note|bill|invoice|slip|memo|sheet|form|account|notice|paper",
    ),
    "de": (
        "Bau|Teil|Abschlags|Sammel|Monats|Jahres|Handwerker|Miet|Service|Reparatur|Kauf|Liefer|Werk",
        "rechnung|faktura|nota|zettel|anzeige",
    ),
    "fr": (
        "Facture |Note |Bordereau |Fiche ",
        "de service|de travaux|de vente|du mois|client|d'acompte|de location|de réparation|commerciale|définitive",
    ),
    "es": (
        "Factura |Nota |Ticket |Hoja ",
        "de servicio|de obra|del mes|final|de alquiler|de compra|de cliente|de mercancía|simplificada|de reparación",
    ),
}
_CREDITS = {
    "en": (
        "Credit |Refund |Return |Reversal |Cancellation |Reimbursement ",
        "note|bill|invoice|slip|memo|sheet|form|account|notice|paper",
    ),
    "de": ("Gutschrifts|Storno|Rückzahlungs|Erstattungs|Retouren", "rechnung|faktura|nota|zettel|anzeige"),
    "fr": (
        "Avoir |Remboursement |Annulation |Crédit |Facture d'avoir |Fiche d'avoir ",
        "client|sur vente|du mois|de marchandise|commercial|partiel",
    ),
    "es": (
        "Abono |Reembolso |Devolución |Anulación |Factura de abono |Hoja de abono ",
        "de cliente|de mercancía|del mes|parcial|de compra|de venta",
    ),
}

LABELS: dict[str, dict[str, list[str]]] = {
    "en": {
        "head": ["Payment request", "Bill of sale", "Pro rata bill", "Inv.", "Account rendered", "e-Invoice"],
        "credit": ["Credit", "Refund", "Cr. note", "Money back", "Credited to you"],
        "no": [
            "nr",
            "Nbr",
            "num.",
            "Invoice ID is",
            "Code",
            "our ref.",
            "Number:",
            "Invoice no.",
            "Bill no.",
            "Inv no",
        ],
        "day": [
            "Printed",
            "as of",
            "On",
            "Written on",
            "Day of issue",
            "Date of bill",
            "Sent",
            "Date:",
            "Raised on",
            "Drawn up on",
            "Date printed",
        ],
        "sum": [
            "Amount",
            "Bill total",
            "You owe",
            "To be paid",
            "Total amount",
            "Amount due",
            "In total",
            "Total due",
            "Final amount",
            "Please pay",
            "Total cost",
            "Total price",
            "Sum",
            "Invoice amount",
            "We charge",
        ],
    },
    "de": {
        "head": ["Re.", "Rg.", "Schlussrechnung"],
        "credit": ["Storno", "Rückvergütung", "GS", "Erstattung"],
        "no": ["Nr:", "No", "Re-Nr.", "Rechnungsnummer", "Rechnungs-Nr.", "lfd. Nr."],
        "day": ["den", "Stand", "Druckdatum", "geschrieben am", "Tag", "Rechnung vom"],
        "sum": ["Total", "Betrag", "zu zahlen", "Brutto", "Gesamt brutto", "Rechnungssumme", "Bitte zahlen"],
    },
    "fr": {
        "head": ["Fact.", "Note", "Décompte"],
        "credit": ["Remboursement", "Annulation", "Crédit", "Restitution"],
        "no": ["num", "réf.", "N:", "Facture n°", "n° de facture"],
        "day": ["le", "Fait le", "Date de facture", "Datée du", "Imprimée le"],
        "sum": ["À payer", "TTC", "Somme due", "Total général", "Montant", "Prix total"],
    },
    "es": {
        "head": ["Fra.", "Nota de cargo", "Cargo"],
        "credit": ["Reembolso", "Devolución", "Crédito", "Anulación"],
        "no": ["n.", "ref.", "N:", "Factura n.º", "Núm. factura"],
        "day": ["el", "Hecha el", "Fecha de factura", "Impresa el", "Fecha de emisión"],
        "sum": ["A pagar", "Importe", "Monto", "Total general", "Precio total", "Total con IVA"],
    },
}
_MORE = tomllib.loads((Path(__file__).parent / "train_labels.toml").read_text("utf-8"))
for _kind, _parts in (("head", _HEADS), ("credit", _CREDITS)):
    for _lang, (_first, _second) in _parts.items():
        _MORE[_lang][_kind] += [a + b for a in _first.split("|") for b in _second.split("|")]
for _lang, _own in LABELS.items():
    # What dev and golden have for their unseen layouts stays theirs, whoever made it up again.
    _theirs = {x.casefold() for split in ("dev", "golden") for row in words.LABELS[split][_lang].values() for x in row}
    for _kind in _own:
        _own[_kind] = [x for x in _own[_kind] + _MORE[_lang][_kind] if x.casefold() not in _theirs]

SENTENCES: dict[str, list[list[str]]] = {
    "en": [
        ["{vendor} sends you", "{head} {no}", "({day})", "for {items}", "{sum} {total}", ""],
        ["On {day}", "{vendor} wrote", "{head} {no}", "listing {items}", "{sum}: {total}", ""],
        ["Your {head} {no}", "is ready", "{items}", "{sum} {total}", "Signed {day}", "{vendor}"],
        ["{sum} {total}", "for {items}", "see our {head} {no}", "of {day}", "{vendor}", ""],
        ["This {head} {no}", "comes from {vendor}", "{day}", "It is about {items}", "{sum} {total}", ""],
        ["From: {vendor}.", "Subject: {head} {no}", "Sent {day}", "Please note {items}", "{sum} {total}", ""],
    ],
    "de": [
        ["{vendor} schickt Ihnen", "{head} {no}", "({day})", "für {items}", "{sum} {total}", ""],
        ["Am {day}", "schrieb {vendor}", "{head} {no}", "über {items}", "{sum}: {total}", ""],
        ["Unsere {head} {no}", "zu {items}", "{sum} {total}", "{day}", "{vendor}", ""],
        ["Von: {vendor}.", "Betreff: {head} {no}", "{day}", "betrifft {items}", "{sum} {total}", ""],
    ],
    "fr": [
        ["{vendor} vous envoie", "{head} {no}", "({day})", "pour {items}", "{sum} {total}", ""],
        ["Le {day}", "{vendor} a écrit", "{head} {no}", "sur {items}", "{sum} : {total}", ""],
        ["Notre {head} {no}", "pour {items}", "{sum} {total}", "{day}", "{vendor}", ""],
        ["De : {vendor}.", "Objet : {head} {no}", "{day}", "à propos de {items}", "{sum} {total}", ""],
    ],
    "es": [
        ["{vendor} le envía", "{head} {no}", "({day})", "por {items}", "{sum} {total}", ""],
        ["El {day}", "{vendor} escribió", "{head} {no}", "sobre {items}", "{sum}: {total}", ""],
        ["Nuestra {head} {no}", "por {items}", "{sum} {total}", "{day}", "{vendor}", ""],
        ["De: {vendor}.", "Asunto: {head} {no}", "{day}", "acerca de {items}", "{sum} {total}", ""],
    ],
}

for _lang in SENTENCES:
    SENTENCES[_lang] += _MORE[_lang]["sentences"]

CREDIT_SENTENCES: dict[str, list[list[str]]] = {
    "en": [
        ["{vendor} owes you {total}", "see {head} {no}", "of {day}", "for {items}", ""],
        ["We pay you back {total}:", "{head} {no}", "{day}", "{items}", "{vendor}", ""],
        ["You get {total} back from {vendor}", "for {items}", "{head} {no}", "{day}", ""],
    ],
    "de": [
        ["{vendor} zahlt Ihnen {total} zurück", "{head} {no}", "vom {day}", "für {items}", ""],
        ["Sie bekommen {total} zurück:", "{head} {no}", "{day}", "{items}", "{vendor}", ""],
    ],
    "fr": [
        ["{vendor} vous rend {total}", "{head} {no}", "du {day}", "pour {items}", ""],
        ["Nous vous remboursons {total} :", "{head} {no}", "{day}", "{items}", "{vendor}", ""],
    ],
    "es": [
        ["{vendor} le devuelve {total}", "{head} {no}", "del {day}", "por {items}", ""],
        ["Le reembolsamos {total}:", "{head} {no}", "{day}", "{items}", "{vendor}", ""],
    ],
}
SELLERS = {  # before the vendor's name, in layouts that label it
    "en": ["From", "From", "Seller", "Supplier", "Issued by", "Vendor", "Company", "Shop", "By"],
    "de": ["Firma", "Von", "Verkäufer", "Lieferant", "Absender"],
    "fr": ["Société", "De", "Vendeur", "Émetteur"],
    "es": ["Empresa", "De", "Vendedor", "Emisor", "Proveedor"],
}
# Notes that speak of credit and refunds under any document: the heading decides, not a word on the page.
NOTES = {
    "en": [
        "No refund after 14 days",
        "Credit cards welcome",
        "Returns within a month",
        "See our terms",
        "VAT included",
        "Copy",
        "Original",
        "Keep this paper",
    ],
    "de": ["Keine Rückgabe", "Kreditkarte möglich", "inkl. MwSt.", "Kopie", "Bitte aufbewahren"],
    "fr": ["Ni repris ni remboursé", "Carte de crédit acceptée", "TVA incluse", "Copie", "À conserver"],
    "es": ["Sin devoluciones", "Aceptamos tarjeta de crédito", "IVA incluido", "Copia", "Conserve este papel"],
}

NAMES = {
    lang: row.split()
    for lang, row in {
        "en": "Abbott Carver Dunmore Elgin Foxley Granite Holloway Ivory Kestrel Larkin Maple Norwood "
        "Adams Archer Atlas Barlow Barrett Beacon Beaumont Bishop Blackwood Boulder Bridges Brooks Burton Byrne "
        "Calloway Campbell Canyon Carlisle Castle Chandler Clayton Clifton Coleman Compass Cooper Copper Cortland "
        "Crown Daly Davies Delta Dixon Dover Dunn Eagle Eastman Eclipse Edison Ellis Ember Emerson Falcon Farrell "
        "Fletcher Flint Forrester Foster Fox Franklin Frost Gables Gibson Glenn Goodwin Gordon Greene Griffin Hale "
        "Hammond Harper Harvest Hawkins Hazel Heath Henley Heron Hobbs Horizon Howard Hunter Irving Island Jarvis "
        "Jensen Joyce Juniper Keating Kelly Kingsley Knight Lamb Lancaster Lang Lantern Lawson Lennox Lewis "
        "Lincoln Lockwood Logan Lynch Magnolia Mason Matthews Meadow Mercer Meridian Miller Monroe Moore Morgan "
        "Murphy Nash Neal Newton Nightingale Noble Oak Ocean Olsen Osborne Owens Pacific Palmer Parker Pearl Perry "
        "Phoenix Pine Porter Powell Prairie Price Quinn Radley Ramsey Raven Redwood Regan Rhodes River Robin "
        "Rosewood Rowe Russell Sanders Saxton Shaw Sheridan Silver Sinclair Slater Sparrow Spencer Stanton Stone "
        "Sullivan Swan Talbot Temple Thornton Tiger Todd Tower Trent Tucker Underhill Valley Vaughn Victor Wade "
        "Walsh Warren Watts Webster Wells West Wheeler Willow Winters Woods Wright Wyatt Yates Young Zenith",
        "de": "Richter Zimmer Albrecht Keller Sommer Thoma "
        "Arnold Bach Becker Berger Bergmann Blum Böttcher Busch Dietrich Ebert Eckert Fischer Frank Franke Fuchs "
        "Gärtner Graf Groß Günther Haas Hahn Heinrich Hoffmann Horn Jäger Jung König Köhler Kraus Kuhn Lang Lorenz "
        "Ludwig Maier Mayer Meyer Möller Müller Neumann Otto Peters Pfeiffer Pohl Roth Sauer Schmidt Schneider "
        "Scholz Schreiber Schubert Schulz Schuster Schwarz Simon Stein Stern Vogt Wagner Walter Weber Werner "
        "Winter Wolf Ziegler",
        "fr": "Blanchard Picard Vidal Olivier Masson "
        "André Aubert Bailly Barbier Benoît Bertrand Blanc Bourgeois Boyer Brun Carpentier Caron Charpentier "
        "Chevalier Clément Cousin David Denis Dumas Dupont Durand Faure Fleury Fournier Gauthier Gautier Guérin "
        "Hubert Jacquet Joly Lacroix Laurent Lebrun Lefèvre Lemaire Lucas Marie Martin Mathieu Meunier Michel "
        "Millet Morel Morin Noël Perrot Petit Philippe Prévost Renaud Rivière Robin Roche Roger Roux Roy Schmitt "
        "Simon Thomas Tessier Vasseur",
        "es": "Cabrera Medina Soto Aguilar Peña "
        "Alonso Álvarez Benítez Bravo Caballero Calvo Cano Carmona Castillo Castro Cortés Crespo Cruz Díaz "
        "Domínguez Durán Esteban Fernández Flores Gallego García Garrido Gil Giménez Gómez González Guerrero "
        "Gutiérrez Hernández Hidalgo Ibáñez Jiménez León López Lorenzo Lozano Marín Martín Martínez Méndez Mora "
        "Moreno Moya Muñoz Nieto Núñez Ortiz Pardo Pastor Pascual Pérez Rey Reyes Rivas Rojas Romero Ruiz Sáez "
        "Sánchez Santos Sanz Suárez Torres Vargas",
    }.items()
}
_WORDS = (Path(__file__).parent / "names.txt").read_text("utf-8").split()
_TRADES = {
    lang: row.split()
    for lang, row in {
        "en": "Bakery Plumbing Café Cleaners Farm Dental Taxi Glass Ltd Inc LLC Partners Brothers Services Group "
        "Paints Textiles Logistics Interiors Florist Gym",
        "de": "Gärtnerei Bäckerei Metzgerei Autohaus Verlag Elektro Schreinerei Spedition Apotheke UG OHG "
        "Textil Reisen",
        "fr": "Boulangerie Garage Librairie Transports Électricité EURL Cie Atelier Menuiserie Optique Textile Voyages",
        "es": "Panadería Taller Librería Transportes Electricidad SLU Hermanos Carpintería Floristería Óptica Textil "
        "Viajes",
    }.items()
}

_QUALITIES = {
    "en": "steel blue A4 used large small folding spare wooden heavy digital red annual express glass black mobile "
    "outdoor second-hand round printed rubber",
    "de": "große kleine blaue alte neue runde",
    "fr": "grande petite bleue vieille ronde",
    "es": "grande azul nueva",
}
_THINGS = {
    "en": "bolts folders tyres lamps desks survey rental cutting binders gloves filters pump chairs valve audit "
    "engraving delivery labels flyers bench ladder mirror oven insurance workshop screws sensor hosting curtain "
    "rods boxes fence plates towels grinding masks tiles drawings gravel jacket",
    "de": "Schraube Leiter Tasche Pumpe Bank Kiste Matte Platte",
    "fr": "table pompe caisse plaque veste échelle",
    "es": "mesa bomba caja placa escalera chaqueta",
}
ITEMS = {lang: [f"{q} {t}" for q in _QUALITIES[lang].split() for t in _THINGS[lang].split()] for lang in _THINGS}


def vendor(lang: str, listed: list[str], trades: list[str], rng: Random) -> str:
    """A vendor's name: a word or a family, listed, known here or made up, with a trade before or behind it.

    Most are words that a tokenizer has whole after a blank and in pieces after a quotation mark: to copy them, a model
    must know how they are spelled, and learns it only from many.
    """
    kind = rng.random()
    if kind < 0.1:
        family = rng.choice(listed)
    elif kind < 0.35:
        family = rng.choice(NAMES[lang if rng.random() < 0.8 else rng.choice(list(NAMES))])
    elif kind < 0.85:
        family = rng.choice(_WORDS)
    else:
        family = train_forms.family(rng)
    trade = rng.choice(trades if rng.random() < 0.5 else _TRADES[lang])
    form = rng.random()
    if form < 0.12:
        return f"{family} & Co"
    if form < 0.2:
        return f"{rng.choice(NAMES[lang])} & {family}"
    if form < 0.26:
        return f"{rng.choice('ABCDEFGHJKLMNPRSTW')}. {family} {trade}"
    if form < 0.3:
        return f"{family} {rng.choice(_TRADES[lang])} {trade}"
    return f"{trade} {family}" if form < 0.5 and len(trade) > 4 else f"{family} {trade}"
