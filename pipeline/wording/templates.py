"""The words that stand in where no AI writes, in each language offered (spec P7)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Phrases:
    """A language's sentences; what stands in braces is the lead's or the client's."""

    hello: str
    hello_name: str
    address: str
    company: str
    title: str
    unknown: str
    of: str
    writing: str
    ask: str
    ask_company: str
    if_not: str
    subject: str
    subject_for: str
    regards: str
    opt_out: str
    small_after_comma: bool = False  # whether a letter goes on in small after its greeting


PHRASES = {
    "en": Phrases(
        hello="Hello,",
        hello_name="Hello {name},",
        address="This note goes to {email}, in the hope that it reaches the right person.",
        company="You at {company} will know best whether this is worth a minute.",
        title="As {title} at {company} you will know best whether this is worth a minute.",
        unknown="This note is a short one, in the hope that it reaches the right person.",
        of="of",
        writing="I am writing for {sender} about one thing: {offer}",
        ask="If this could be of use to you, a short answer is enough, and we will send a few"
        " examples that fit.",
        ask_company="If this could be of use to {company}, a short answer is enough, and we will"
        " send a few examples that fit.",
        if_not="If not, just say so, and you will not hear from us again.",
        subject="A short question",
        subject_for="A question for {whom}",
        regards="Kind regards",
        opt_out="If you would rather not hear from us, answer with the word stop, and we will not"
        " write again.",
    ),
    "de": Phrases(
        hello="Guten Tag,",
        hello_name="Guten Tag {name},",
        address="Diese Nachricht geht an {email}, in der Hoffnung, dass sie die richtige Person"
        " erreicht.",
        company="Bei {company} wissen Sie selbst am besten, ob das hier eine Minute wert ist.",
        title="Als {title} bei {company} wissen Sie selbst am besten, ob das hier eine Minute wert"
        " ist.",
        unknown="Diese Nachricht ist kurz, in der Hoffnung, dass sie die richtige Person erreicht.",
        of="von",
        writing="Ich schreibe für {sender} und nur wegen einer Sache: {offer}",
        ask="Wenn das für Sie nützlich sein könnte, genügt eine kurze Antwort, und wir schicken"
        " ein paar passende Beispiele.",
        ask_company="Wenn das für {company} nützlich sein könnte, genügt eine kurze Antwort, und"
        " wir schicken ein paar passende Beispiele.",
        if_not="Wenn nicht, sagen Sie es einfach, und Sie hören nicht mehr von uns.",
        subject="Eine kurze Frage",
        subject_for="Eine Frage an {whom}",
        regards="Freundliche Grüße",
        opt_out="Wenn Sie nichts mehr von uns hören möchten, antworten Sie mit dem Wort Stopp, und"
        " wir schreiben nicht wieder.",
        small_after_comma=True,
    ),
    "fr": Phrases(
        hello="Bonjour,",
        hello_name="Bonjour {name},",
        address="Ce message est adressé à {email}, dans l'espoir qu'il arrive à la bonne personne.",
        company="Chez {company}, vous saurez mieux que moi si cela vaut une minute.",
        title="Comme {title} chez {company}, vous saurez mieux que moi si cela vaut une minute.",
        unknown="Ce message est court, dans l'espoir qu'il arrive à la bonne personne.",
        of="de",
        writing="Je vous écris de la part de {sender} pour une seule chose : {offer}",
        ask="Si cela peut vous être utile, une courte réponse suffit, et nous vous enverrons"
        " quelques exemples adaptés.",
        ask_company="Si cela peut être utile à {company}, une courte réponse suffit, et nous vous"
        " enverrons quelques exemples adaptés.",
        if_not="Sinon, dites-le simplement, et vous n'entendrez plus parler de nous.",
        subject="Une courte question",
        subject_for="Une question pour {whom}",
        regards="Cordialement",
        opt_out="Si vous ne souhaitez plus recevoir de messages de notre part, répondez avec le mot"
        " stop, et nous ne vous écrirons plus.",
    ),
    "es": Phrases(
        hello="Buenos días:",
        hello_name="Buenos días, {name}:",
        address="Este mensaje va dirigido a {email}, con la esperanza de que llegue a la persona"
        " adecuada.",
        company="En {company} sabrán mejor que yo si esto merece un minuto.",
        title="Como {title} en {company}, sabrá mejor que yo si esto merece un minuto.",
        unknown="Este mensaje es breve, con la esperanza de que llegue a la persona adecuada.",
        of="de",
        writing="Le escribo en nombre de {sender} por una sola cosa: {offer}",
        ask="Si esto pudiera serle útil, basta una respuesta breve y le enviaremos algunos ejemplos"
        " adecuados.",
        ask_company="Si esto pudiera ser útil para {company}, basta una respuesta breve y le"
        " enviaremos algunos ejemplos adecuados.",
        if_not="Si no, dígalo sin más y no volverá a saber de nosotros.",
        subject="Una pregunta breve",
        subject_for="Una pregunta para {whom}",
        regards="Un saludo cordial",
        opt_out="Si prefiere no recibir más mensajes nuestros, responda con la palabra stop y no"
        " volveremos a escribirle.",
    ),
    "it": Phrases(
        hello="Buongiorno,",
        hello_name="Buongiorno {name},",
        address="Questo messaggio è per {email}, nella speranza che arrivi alla persona giusta.",
        company="In {company} saprete meglio di me se questo vale un minuto.",
        title="Come {title} in {company} saprà meglio di me se questo vale un minuto.",
        unknown="Questo messaggio è breve, nella speranza che arrivi alla persona giusta.",
        of="di",
        writing="Le scrivo per conto di {sender} per una cosa sola: {offer}",
        ask="Se potesse esserle utile, basta una breve risposta e le manderemo qualche esempio"
        " adatto.",
        ask_company="Se potesse essere utile a {company}, basta una breve risposta e le manderemo"
        " qualche esempio adatto.",
        if_not="Altrimenti basta dirlo, e non avrà più nostre notizie.",
        subject="Una breve domanda",
        subject_for="Una domanda per {whom}",
        regards="Cordiali saluti",
        opt_out="Se preferisce non ricevere altri nostri messaggi, risponda con la parola stop e non"
        " le scriveremo più.",
        small_after_comma=True,
    ),
    "nl": Phrases(
        hello="Goedendag,",
        hello_name="Goedendag {name},",
        address="Dit bericht gaat naar {email}, in de hoop dat het bij de juiste persoon aankomt.",
        company="Bij {company} weet u zelf het best of dit een minuut waard is.",
        title="Als {title} bij {company} weet u zelf het best of dit een minuut waard is.",
        unknown="Dit bericht is kort, in de hoop dat het bij de juiste persoon aankomt.",
        of="van",
        writing="Ik schrijf namens {sender} over maar één ding: {offer}",
        ask="Als dit voor u nuttig kan zijn, is een kort antwoord genoeg en sturen wij een paar"
        " passende voorbeelden.",
        ask_company="Als dit voor {company} nuttig kan zijn, is een kort antwoord genoeg en sturen"
        " wij een paar passende voorbeelden.",
        if_not="Zo niet, zeg het gerust, en u hoort niet meer van ons.",
        subject="Een korte vraag",
        subject_for="Een vraag voor {whom}",
        regards="Met vriendelijke groet",
        opt_out="Wilt u liever niets meer van ons horen, antwoord dan met het woord stop, en wij"
        " schrijven niet meer.",
    ),
    "pt": Phrases(
        hello="Bom dia,",
        hello_name="Bom dia, {name},",
        address="Esta mensagem segue para {email}, na esperança de que chegue à pessoa certa.",
        company="Na {company} saberão melhor do que eu se isto vale um minuto.",
        title="Como {title} na {company} saberá melhor do que eu se isto vale um minuto.",
        unknown="Esta mensagem é curta, na esperança de que chegue à pessoa certa.",
        of="da",
        writing="Escrevo em nome de {sender} por uma única coisa: {offer}",
        ask="Se isto lhe puder ser útil, basta uma resposta curta e enviaremos alguns exemplos"
        " adequados.",
        ask_company="Se isto puder ser útil à {company}, basta uma resposta curta e enviaremos"
        " alguns exemplos adequados.",
        if_not="Se não, diga-o simplesmente, e não voltará a ter notícias nossas.",
        subject="Uma pergunta breve",
        subject_for="Uma pergunta para {whom}",
        regards="Com os melhores cumprimentos",
        opt_out="Se preferir não receber mais mensagens nossas, responda com a palavra stop e não"
        " voltaremos a escrever.",
    ),
}


def phrases(language: str) -> Phrases:
    """The phrases of a language; English where it is none that we offer."""
    return PHRASES.get(language, PHRASES["en"])
