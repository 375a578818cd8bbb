"""The words of invoices in four languages: labels, notes, sentences, vendors and items, apart for each split.

`seen` labels stand in every split; `dev` and `golden` hold labels that only the unseen layouts of that split use. What
train alone has stands in train_words.py.
"""

from __future__ import annotations

MONTHS = {
    lang: row.split()
    for lang, row in {
        "en": "January February March April May June July August September October November December",
        "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    }.items()
}

# head: the document's name; credit: the same for a credit note; no, day, sum: labels of number, date and total.
LABELS: dict[str, dict[str, dict[str, list[str]]]] = {
    "seen": {
        "en": {
            "head": ["Invoice", "INVOICE", "Tax invoice", "Bill", "Sales invoice"],
            "credit": ["Credit note", "CREDIT NOTE", "Credit memo", "Refund note"],
            "no": ["No.", "Number", "no", "#", "Ref"],
            "day": ["Date", "Dated", "Issued", "Invoice date"],
            "sum": ["Total", "TOTAL", "Grand total", "Invoice total", "Total incl. tax"],
        },
        "de": {
            "head": ["Rechnung", "RECHNUNG", "Faktura"],
            "credit": ["Gutschrift", "GUTSCHRIFT", "Stornorechnung"],
            "no": ["Nr.", "Nummer", "Nr"],
            "day": ["Datum", "vom", "Rechnungsdatum"],
            "sum": ["Gesamt", "Summe", "Gesamtbetrag", "Rechnungsbetrag"],
        },
        "fr": {
            "head": ["Facture", "FACTURE", "Note d'honoraires"],
            "credit": ["Avoir", "AVOIR", "Facture d'avoir"],
            "no": ["N°", "Numéro", "no"],
            "day": ["Date", "du", "Émise le"],
            "sum": ["Total", "Total TTC", "Montant total"],
        },
        "es": {
            "head": ["Factura", "FACTURA", "Factura de venta"],
            "credit": ["Abono", "Nota de crédito", "Factura rectificativa"],
            "no": ["N.º", "Número", "núm."],
            "day": ["Fecha", "de fecha", "Emitida"],
            "sum": ["Total", "Importe total", "Total factura"],
        },
    },
    "dev": {
        "en": {
            "head": ["Billing document", "Fee note"],
            "credit": ["Credit advice"],
            "no": ["ID", "Doc no."],
            "day": ["Billed on", "Day"],
            "sum": ["All in all", "Full amount"],
        },
        "de": {
            "head": ["Abrechnung"],
            "credit": ["Gutschriftbeleg"],
            "no": ["Kennung"],
            "day": ["erstellt am"],
            "sum": ["Gesamtsumme"],
        },
        "fr": {
            "head": ["Relevé de facture"],
            "credit": ["Bon d'avoir"],
            "no": ["Réf. pièce"],
            "day": ["Établie le"],
            "sum": ["Somme totale"],
        },
        "es": {
            "head": ["Minuta"],
            "credit": ["Nota de abono"],
            "no": ["Código"],
            "day": ["Día"],
            "sum": ["Suma total"],
        },
    },
    "golden": {
        "en": {
            "head": ["Statement of charges", "Settlement note", "Fee statement"],
            "credit": ["Credit memorandum", "Refund slip"],
            "no": ["Document ID", "Serial number", "Doc ref"],
            "day": ["Made out on", "Drawn up on", "Raised on"],
            "sum": ["Sum total", "Grand sum", "Overall amount"],
        },
        "de": {
            "head": ["Kostennote", "Honoraraufstellung"],
            "credit": ["Erstattungsbeleg", "Rückerstattungsnote"],
            "no": ["Belegnummer", "Dokumentnummer"],
            "day": ["Ausgestellt am", "Ausstellungstag"],
            "sum": ["Endsumme", "Betrag insgesamt"],
        },
        "fr": {
            "head": ["Mémoire de frais", "Décompte d'honoraires"],
            "credit": ["Bon de remboursement", "Avis de remboursement"],
            "no": ["Pièce n°", "Réf. du document"],
            "day": ["Fait le", "Date d'établissement"],
            "sum": ["Montant global", "Somme à verser"],
        },
        "es": {
            "head": ["Minuta de honorarios", "Cuenta de cobro"],
            "credit": ["Nota de devolución", "Nota de reintegro"],
            "no": ["Folio", "Núm. de comprobante"],
            "day": ["Fecha de expedición", "Día de emisión"],
            "sum": ["Suma final", "Importe global"],
        },
    },
}

# Lines that are not the total: sums before it, payments around it, numbers that are no invoice number.
OTHERS: dict[str, dict[str, list[str]]] = {
    "en": {
        "subtotal": ["Subtotal", "Net", "Goods"],
        "tax": ["VAT 20%", "Sales tax", "GST 5%", "Tax"],
        "discount": ["Discount", "Discount 10%", "Less rebate"],
        "shipping": ["Shipping", "Delivery", "Freight"],
        "previous": ["Previous balance", "Last month", "Balance forward"],
        "paid": ["Paid", "Already paid", "Deposit received"],
        "open": ["Still due", "Balance due", "To pay now"],
        "customer": ["Customer no.", "Account", "Client ID"],
        "order": ["Order", "PO", "Your order"],
        "due": ["Due date", "Pay by"],
    },
    "de": {
        "subtotal": ["Zwischensumme", "Netto"],
        "tax": ["MwSt. 19%", "USt. 7%"],
        "discount": ["Rabatt", "Rabatt 10%", "Nachlass"],
        "shipping": ["Versand", "Porto"],
        "previous": ["Alter Saldo", "Vormonat"],
        "paid": ["Bezahlt", "Anzahlung"],
        "open": ["Noch offen", "Restbetrag"],
        "customer": ["Kundennr.", "Kunde"],
        "order": ["Auftrag", "Bestellung"],
        "due": ["Fällig am", "Zahlbar bis"],
    },
    "fr": {
        "subtotal": ["Sous-total", "Total HT"],
        "tax": ["TVA 20%", "TVA"],
        "discount": ["Remise", "Rabais 10%"],
        "shipping": ["Port", "Livraison"],
        "previous": ["Solde antérieur", "Report"],
        "paid": ["Acompte", "Déjà réglé"],
        "open": ["Reste dû", "Solde à régler"],
        "customer": ["Client", "N° client"],
        "order": ["Commande", "Bon de commande"],
        "due": ["Échéance", "À payer avant le"],
    },
    "es": {
        "subtotal": ["Subtotal", "Base"],
        "tax": ["IVA 21%", "IVA"],
        "discount": ["Descuento", "Dto. 10%"],
        "shipping": ["Envío", "Portes"],
        "previous": ["Saldo anterior", "Mes anterior"],
        "paid": ["Pagado", "Anticipo"],
        "open": ["Pendiente", "Resta por pagar"],
        "customer": ["Cliente", "N.º cliente"],
        "order": ["Pedido", "Orden"],
        "due": ["Vencimiento", "Pagar antes del"],
    },
}

NOTES: dict[str, list[str]] = {
    "en": [
        "Thank you",
        "Payable within 30 days",
        "Terms: 14 days net",
        "Page 1 of 1",
        "Thanks for your order",
        "Please quote the number",
        "Bank details overleaf",
        "Goods remain ours until paid",
        "Questions? Call us",
    ],
    "de": [
        "Vielen Dank",
        "Zahlbar in 14 Tagen",
        "Ohne Abzug",
        "Seite 1 von 1",
        "Wir danken für den Auftrag",
        "Bitte Nummer angeben",
    ],
    "fr": ["Merci", "Payable à 30 jours", "Page 1 sur 1", "Merci de votre confiance", "Sans escompte"],
    "es": ["Gracias", "Pago a 30 días", "Página 1 de 1", "Gracias por su compra", "Pago por transferencia"],
}

# The parts of a letter in the order in which they stand; a part whose value is missing is left out.
SENTENCES: dict[str, dict[str, list[list[str]]]] = {
    "seen": {
        "en": [
            ["Hello, please find", "{head} {no}", "of {day}", "for {items}", "{sum} {total}", "Regards, {vendor}"],
            [
                "Dear customer, here is",
                "{head} {no}",
                "dated {day}",
                "covering {items}",
                "{sum}: {total}",
                "Yours, {vendor}",
            ],
            ["Hi team, attached is", "{head} {no}", "from {day}", "with {items}", "{sum} is {total}", "Best, {vendor}"],
        ],
        "de": [
            ["Guten Tag, anbei", "{head} {no}", "vom {day}", "für {items}", "{sum} {total}", "Gruß, {vendor}"],
            ["Sie erhalten", "{head} {no}", "vom {day}", "über {items}", "{sum}: {total}", "Ihre {vendor}"],
        ],
        "fr": [
            ["Bonjour, voici", "{head} {no}", "du {day}", "pour {items}", "{sum} {total}", "Cordialement, {vendor}"],
            ["Ci-joint", "{head} {no}", "en date du {day}", "concernant {items}", "{sum} : {total}", "{vendor}"],
        ],
        "es": [
            ["Hola, adjuntamos", "{head} {no}", "del {day}", "por {items}", "{sum} {total}", "Saludos, {vendor}"],
            ["Le enviamos", "{head} {no}", "con fecha {day}", "por {items}", "{sum}: {total}", "{vendor}"],
        ],
    },
    "dev": {
        "en": [["{vendor} has billed you", "see {head} {no}", "written {day}", "You had {items}", "{sum} {total}", ""]],
        "de": [["{vendor} berechnet Ihnen", "siehe {head} {no}", "{day}", "Posten {items}", "{sum} {total}", ""]],
        "fr": [["{vendor} vous facture", "voir {head} {no}", "{day}", "soit {items}", "{sum} {total}", ""]],
        "es": [["{vendor} le cobra", "véase {head} {no}", "{day}", "a saber {items}", "{sum} {total}", ""]],
    },
    "golden": {
        "en": [
            [
                "Dear customer,",
                "we at {vendor} put together",
                "{head} {no} for you",
                "on {day}",
                "covering {items}",
                "and it reaches {total}",
            ],
            [
                "All told it is {total}",
                "You will find {items} listed",
                "in {head} {no}",
                "which was written out on {day}",
                "by the people at {vendor}",
            ],
            ["On {day}", "from our desk went {head} {no}", "over {items}", "with {total} as {sum}", "Yours, {vendor}"],
        ],
        "de": [
            [
                "Guten Tag,",
                "unter {head} {no}",
                "vom {day}",
                "finden Sie {items} aufgeführt,",
                "das macht zusammen {total}",
                "Es grüßt {vendor}",
            ],
            [
                "Aus dem Hause {vendor}",
                "liegt {head} {no} bei,",
                "geschrieben am {day}",
                "mit {items} als Inhalt",
                "und {total} unter dem Strich",
            ],
        ],
        "fr": [
            [
                "Bonjour,",
                "la maison {vendor} vous adresse",
                "{head} {no}",
                "en date du {day}",
                "avec {items} au détail",
                "le tout pour {total}",
            ],
            [
                "En tout cela fait {total}",
                "Vous y verrez {items} en détail",
                "sous {head} {no}",
                "à la date du {day}",
                "et signé {vendor}",
            ],
        ],
        "es": [
            [
                "Buenos días,",
                "desde {vendor} les llega",
                "{head} {no}",
                "con fecha {day}",
                "donde constan {items}",
                "y que suma {total}",
            ],
            [
                "El conjunto asciende a {total}",
                "Ahí figuran {items} por separado",
                "según {head} {no}",
                "del día {day}",
                "con un saludo de {vendor}",
            ],
        ],
    },
}

FAMILIES = {
    "train": {
        "en": "Baker Collins Reed Ashford Mills Turner Hayes Bright Cedar Harbor Summit Oakley Finch Marlow Preston "
        "Quill Ridge Sterling Tanner Vale Walker York Dalton Everest Fisher Grant Hudson Jasper Kent Lowell",
        "de": "Hartmann Vogel Krüger Bauer Lindner Nordlicht Schäfer Weiss Brandt Kaiser Huber Steiner Falke Engel",
        "fr": "Lambert Moreau Girard Dubois Lune Perrin Fontaine Rousseau Chêne Mercier Bonnet Leroy",
        "es": "Molina Ortega Casa Sol Vega Ramos Navarro Serrano Luna Prieto Campos Blanco Herrera",
    },
    "dev": {
        "en": "Nolan Whitby Crane Orchard Pike Sutton Drake",
        "de": "Winkler Adler Böhm Seidel",
        "fr": "Garnier Colin Renard Marchand",
        "es": "Delgado Iglesias Rubio Fuentes",
    },
    "golden": {
        "en": "Quibell Ravenscar Fennimore Gathercole Mossop Yarwood Thatch Mulberry Linden Harrow Quarry Pebble",
        "de": "Haberkorn Rübsam Dornseif Winterfeld Kranz Forster",
        "fr": "Lagarrigue Tisserand Malaval Lemoine Delorme",
        "es": "Goyeneche Villalpando Carrasquilla Robles Montes",
    },
}
TRADES = {
    lang: row.split()
    for lang, row in {
        "en": "Tools Print Foods Supplies Studio Works Books Motors Garden Design Labs Lighting",
        "de": "GmbH AG Optik Technik Bau Druck Handel KG",
        "fr": "SARL SA Papeterie Fleurs Conseil Bois Vins",
        "es": "SL SA Textil Muebles Diseño Libros Obras",
    }.items()
}

ITEMS = {
    "train": {
        "en": "desk lamp|toner|paper|office chair|cleaning|web hosting|USB cable|coffee beans|logo design|oil change|"
        "window repair|translation|hammer|monitor|site visit|bread rolls|garden hose|training day|batteries|"
        "consulting|keyboard|paint|shelf|catering|notebooks|phone case|bus tickets|wall clock|copper pipe",
        "de": "Lampe|Papier|Beratung|Schrauben|Reinigung|Bürostuhl|Kabel|Wartung|Drucker|Farbe|Montage|Kaffee|Regal",
        "fr": "lampe|papier|conseil|nettoyage|chaise|câble|peinture|pain|traduction|réparation|fleurs|étagère|café",
        "es": "lámpara|papel|consultoría|limpieza|silla|cable|pintura|café|traducción|reparación|azulejos|estante",
    },
    "dev": {
        "en": "mouse pad|plumbing|tea bags|photo shoot|hedge trimming",
        "de": "Werkzeug|Blumen|Umzug",
        "fr": "rideaux|vélo|expertise",
        "es": "cortinas|flores|jardinería",
    },
    "golden": {
        "en": "beeswax|chimney sweeping|piano tuning|roof slates|saddle repair|tarpaulins|sail mending|lamp oil|"
        "bookbinding|hedge laying",
        "de": "Dachziegel|Kaminreinigung|Schleifpapier|Klavierstimmung",
        "fr": "ramonage|toile cirée|affûtage|papier peint",
        "es": "afilado|barniz marino|tejas|poda",
    },
}

# Whose invoice it is, what was sold, in which currency: for layouts that label every line.
FIXED = {
    "en": {"vendor": "From", "item": "Item", "currency": "Currency"},
    "de": {"vendor": "Firma", "item": "Posten", "currency": "Währung"},
    "fr": {"vendor": "Société", "item": "Article", "currency": "Devise"},
    "es": {"vendor": "Empresa", "item": "Concepto", "currency": "Moneda"},
}

# How a currency is written: before the amount, or after it.
CURRENCY = {
    "EUR": ["€{}", "{} €", "EUR {}", "{} EUR"],
    "USD": ["${}", "USD {}", "{} USD", "$ {}"],
    "GBP": ["£{}", "GBP {}", "£ {}"],
    "CHF": ["CHF {}", "{} CHF"],
    "JPY": ["¥{}", "JPY {}", "{} JPY"],
    "SEK": ["SEK {}", "{} SEK"],
    "PLN": ["{} PLN", "PLN {}"],
    "CAD": ["CAD {}", "{} CAD"],
    "MXN": ["MXN {}", "{} MXN"],
}
CURRENCIES = {
    lang: row.split()
    for lang, row in {
        "en": "USD USD GBP GBP EUR EUR CHF JPY SEK PLN CAD",
        "de": "EUR EUR EUR CHF",
        "fr": "EUR EUR CHF CAD",
        "es": "EUR EUR USD MXN",
    }.items()
}
