"""The words of header rows, by what they mean: what `header_meaning` reads headers with. Pure data.

All is in plain form: no accents, no signs. A line is a language: English, German, French,
Spanish, Portuguese, Italian, Dutch, and the commonest of others, of which `more_words` has more.
Several words run together (`companynameforemails`) mean what they mean only as a whole; a meaning
of several words (`direct phone`) is all of these.
"""

from __future__ import annotations

# What a lead's fields are made of.
NOUNS = {
    "email": """email mail electronicmail emailid verifiedemail validemail bestemail
        emailadr emailadd emailadress smtpaddress epost epostadress epostadresse eposta epostaadresi sahkoposti sahkopostiosoite
        courriel couriel mel adresseelectronique courrierelectronique messagerie
        correo correoelectronico direccionelectronica correoe
        correioeletronico correio enderecoeletronico
        postaelettronica
        emailadres""",
    "phone": """phone telephone telephon tel ph teleph contactnumber contactno contactnr contactphone landline
        telefon fon rufnummer festnetz telefonnr
        telfixe fixe numerodecontact
        telefono fijo numerodecontacto
        telefone fone telf telefonefixo telefonecomercial
        recapitotelefonico telefonofisso
        phonewhatsapp whatsappphone telefonewhatsapp telefonowhatsapp celularwhatsapp mobilewhatsapp
        tfno tfn tlf natel telefoon telefoonnr puhelin puhelinnumero
        fisso recapitotel""",
    "mobile": """mobile cell cellular mob smartphone
        mobil mobiltelefon mobilfunk handy
        portable
        movil celular cel
        telemovel
        cellulare
        mobiel mobiele gsm""",
    "direct phone": "direct direkt direkte directdial directphone directline durchwahl lignedirecte doorkiesnummer diretto diretta directo directa directe diretas",
    "name": "name nm nom nombre nombres nome naam",
    "firstname": """firstname fname givenname forename christianname namefirst firstnm
        vorname vorn rufname
        prenom
        primernombre nombredepila
        primeironome nomeproprio
        nomedibattesimo
        voornaam roepnaam
        fornamn fornavn imie jmeno etunimi""",
    "lastname": """lastname lname surname familyname namelast lastnm
        nachname nachn familienname zuname
        nomdefamille
        apellido primerapellido apellidopaterno
        sobrenome apelido
        cognome
        achternaam familienaam
        efternamn efternavn etternavn nazwisko prijmeni sukunimi soyad soyadi""",
    "infix": "infix tussenvoegsel voorvoegsel",
    "fullname": """fullname namefull completename firstandlastname firstnameandlastname
        wieheissensie wieheisstdu vollername vollstandigername vollstaendigername vorundnachname
        nomcomplet commentvousappelezvous
        nombrecompleto comotellamas comosellama
        nomecompleto comosechama
        nominativo nomeecognome cometichiami
        volledigenaam hoeheetu hoeheetje""",
    "title": "title tittle titre titel titulo titolo",
    "job": """jobtitle jobttl jobposition jobrole designation desig worktitle
        stellenbez berufsbezeichnung jobbezeichnung jobtitel arbeitstitel stellenbezeichnung positionsbezeichnung
        intituledeposte intituleduposte intituleposte titreduposte titredeposte posteoccupe
        puestodetrabajo titulodelpuesto
        titulodocargo
        mansione qualificaprofessionale
        functietitel functienaam""",
    "position": """position role job
        funktion fkt posfunktion posposition rolle rol stelle positionhabensie positionhastdu funktionhabensie rollehabensie
        poste fonction fct
        cargo puesto posicion
        funcao posicao
        ruolo posizione funzione qualifica
        functie
        befattning stilling stanowisko pozice""",
    "occupation": "occupation profession beruf metier profesion ocupacion profissao professione beroep",
    "company": """company companies coname organization organisation org employer account firm enterprise startup institution
        wheredoyouwork jobcompany jobcompanyname companymetrics businessname nameofbusiness tradingname tradename
        lawfirm
        firma firmen firmenbezeichnung mitgliedsbetrieb kontoname unternehmen unternehmens betrieb arbeitgeber
        entreprise etablissement organisme societe employeur raisonsociale denomination denominationsociale
        nomcommercial compte
        empresa compania organizacion razonsocial denominacionsocial nombrecomercial cuenta
        companhia organizacao razaosocial designacaosocial nomefantasia conta
        azienda societa ditta impresa ragionesociale ragsociale ragsoc denominazione denominazionesociale organizzazione
        bedrijf bedrijfs organisatie onderneming werkgever handelsnaam
        foretag virksomhed selskap spolecnost yritys sirket
        firmenwortlaut""",
    "companyshort": "companynameforemails nameforemails companyshortname shortcompanyname",
    "domain": "domain rootdomain domaine dominio domein",
    "website": """website web www homepage webpage webaddress internet site siteurl
        webseite webauftritt
        siteweb siteinternet
        sitioweb paginaweb
        paginadainternet paginadaweb
        sito sitoweb
        webadres webpagina
        hemsida hjemmeside webbplats stronawww stronainternetowa""",
    "url": "url link uri href lien enlace",
    "linkedin": "linkedin sociallinkedin li",
    "profile": "profile profil profiel perfil profilo page",
    "industry": """industry sector vertical
        branche industrie wirtschaftszweig gewerk
        secteur secteurdactivite secteuractivite domainedactivite
        sectordeactividad industria
        setor ramo ramodeatividade segmento
        settore settorediattivita settoremerceologico
        bedrijfstak
        natureofbusiness typeofbusiness businesstype industrytype activite activiteprincipale libelleape libellenaf actividad actividadeconomica actividadprincipal atividade atividadeeconomica attivita sbiomschrijving""",
    "category": "category kategorie categorie categoria",
    "type": "type typ tipo",
    "employees": """employee headcount staff teamsize numberofemployees noofemployees numemployees empcount empsize howmanypeople
        mitarbeiter mitarbeiterzahl mitarbeiteranzahl maanzahl anzahlma anzma beschaftigte
        effectif employe salarie nombredesalaries nombredemployes
        empleado trabajadores
        funcionario colaboradores trabalhadores
        dipendenti addetti ndip nrdip numdip
        medewerkers werknemers personeel fte
        mazahl mdw werkzamepersonen noempl nrempl nempl""",
    "size": "size howbig howlarge wiegross grosse groesse taille tamano tamanho dimensione dimensioni grootte",
    "revenue": """revenue rev turnover
        umsatz jahresumsatz
        chiffredaffaires
        facturacion volumendefacturacion ingresos
        faturamento receita volumedenegocios
        fatturato fatt
        omzet""",
    "keywords": "keyword stichwort stichworte motscles palabrasclave palavraschave parolechiave trefwoorden",
    "technologies": "technology technologies techstack technologien technologie tecnologias tecnologie",
    "description": "description beschreibung descripcion descricao descrizione omschrijving",
    "companydescription": "seodescription shortdescription",
    "seniority": "seniority seniorities joblevel managementlevel",
    "level": "level stufe niveau",
    "department": "department dept abteilung abt departamento depto dpto reparto dipartimento afdeling",
    "function": "jobfunction",
    "county": "county",
    "whatsapp": "whatsapp sms",
    "address": """address addr addrln
        adresse adress adr anschrift
        direccion domicilio
        endereco
        indirizzo
        adres""",
    "street": "street strasse rue calle rua straat",
    "city": """city town locality
        ort stadt wohnort
        ville commune localite
        ciudad localidad poblacion pobl municipio
        cidade localidade
        citta comune localita
        plaats stad woonplaats gemeente
        miasto
        concelho""",
    "state": """state province region
        bundesland provinz kanton canton
        provincia estado
        regiao uf
        regione
        provincie regio
        prov""",
    "country": "country ctry land pays pais paese nazione kraj lkz landerkennzeichen laenderkennzeichen",
    "location": "location geography geo standort lieu localisation ubicacion localizacao vestiging",
    "hq": "hq headquarters headquarter headoffice hauptsitz zentrale siege siegesocial hoofdkantoor",
    "notes": """notes note comment remark memo summary
        bemerkung bemerkungen bem kommentar notiz notizen anmerkung anmerkungen
        remarque commentaire
        notas comentario observaciones obs anotaciones
        observacoes anotacoes
        annotazioni commenti
        opmerking opmerkingen notities""",
    "icebreaker": """icebreaker personalization personalisation firstline openingline opener introline aifirstline ailine
        personalizedline personalizedfirstline customfirstline""",
    "id": "id uid uuid guid identifier",
    "list": "list lists listname liste lista lijst",
    "dnc": "dnc donotcall",
    "status": """status statut stato
        estadodellead estadodelcontacto estadodelcliente estadodelprospecto
        estadodolead estadodocontato estadodocliente""",
    "verification": "verification validation verifizierung validationresult verificationresult",
    "confidence": "confidence certainty",
    "score": "score",
}

# Whose it is, which of several, of what kind.
QUALIFIERS = {
    "person": """person people contact lead prospect individual
        kontakt
        personne
        contacto persona
        contato pessoa
        contatto
        persoon""",
    "who": """contactperson personincharge primarycontact maincontact keycontact sitecontact contactprincipal decisionmaker pointofcontact poc
        ansprechpartner ansprechpartnerin ansprechp ansprechperson kontaktperson
        interlocuteur personnedecontact
        personadecontacto personacontacto contactoprincipal
        pessoadecontato pessoadecontacto pessoacontato contatoprincipal
        referente personadicontatto
        contactpersoon
        personadiriferimento""",
    "customer": """customer client member subscriber attendee participant candidate applicant
        guest student patient investor speaker registrant recipient
        invitee delegate respondent donor
        kunde kunden teilnehmer kandidat bewerber bewerberin
        participante partecipante invite inscrit alumno alumna invitado aluno convidado formando
        invitato ospite iscritto visitor visiteur visitante visitatore besucher besucherin
        cliente
        klant deelnemer bezoeker""",
    "buyer": """buyer billing purchaser payer orderer
        kaufer kaeufer besteller auftraggeber rechnungsempfanger
        acheteur comprador acquirente koper""",
    "user": "user",
    "executive": """exec ceo founder cofounder executive businessowner storeowner shopowner
        geschaftsfuhrer geschaeftsfuehrer inhaber gerant dirigeant
        representantelegal rappresentantelegale legalerappresentante titolare""",
    "venue": "restaurant clinic practice pharmacy hotel salon gym dealership agency venue store shop",
    "exhibitor": """exhibitor aussteller exposant expositeur expositor espositore standhouder
        utstallare udstiller utstiller""",
    "supplier": "supplier lieferant fournisseur proveedor fornecedor fornitore leverancier",
    "work": """work business professional office btob b2b employment doyouwork doyouworkfor
        geschaftlich geschaftliche geschaftlicher geschaeftlich geschaeftliche geschaftl
        beruflich berufliche beruflicher dienstlich dienstliche dienstl gesch betrieblich betriebliche arbeit buro buero
        pro professionnel professionnelle bureau travail
        trabajo profesional laboral oficina
        profissional trabalho escritorio
        lavoro lavorativa professionale aziendale ufficio uff
        zakelijk werk kantoor""",
    "corporate": "corporate corporativo",
    "personal": """personal private home
        privat privater priv zuhause
        personnel personnelle perso prive privee domicile
        privado
        pessoal particular residencial
        personale privato abitazione
        thuis""",
    "primary": """primary main principal default recommended best mostprobable final
        primaire principale primario haupt meilleur mejor melhor migliore beste
        primare primaere""",
    "one": "one",
    "first": "first",
    "more": """two three secondary second other alternate alternative additional tertiary backup extra
        nonprimary
        weitere sonstige sekundare sekundaere
        autre secondaire
        otro secundario
        outro
        altro secondario
        andere""",
    "preferred": "preferred",
    "current": """current present aktuell aktuelle aktueller aktuelles actuel actuelle actual atual attuale huidige
        new neu neue neuer nouveau nouvelle nuevo nueva nuovo nuova novo nova nieuwe""",
    "generic": "generic general info public generico generica geral generale generique algemeen algemene allgemein allgemeine",
    "vendor": """apollo zoominfo lusha cognism hunter snov snovio rocketreach kaspr dropcontact clay
        hubspot salesforce pipedrive crunchbase seamless uplead leadiq contactout findymail prospeo
        datagma wiza skrapp getprospect signalhire clearbit bettercontact fullenrich icypeas leadmagic
        evaboot anymailfinder peopledatalabs""",
    "record": "record",
    "social": "social",
    "has": "hat haben habensie hastdu tiene tienes tem ha hai heeft",
    "count": """number no nr n num nbr count howmany wieviele anzahl zahl nummer numero nb aantal hoeveel
        combien cuantos cuantas quantos quantas quanti qtd qtde qtdade quantidade""",
    "unit": """annual yearly estimated estimate est usd eur gbp euro range tranche in k m mio mln million millions
        thousand thousands 000s 000 anual annuel annuo""",
    "code": "code cd iso",
    "short": "short cleaned clean casual normalized",
    "line": "line zeile ligne linea linha riga regel",
    "mailing address": "postanschrift postadresse briefanschrift postadres indirizzopostale",
    "work address": "enderecocomercial werkadres bezoekadres vestigingsadres",
    "more phone": "altphone altphoneno altmobile alttel",
    "more email": "altemail altemailid",
    "work email": """verifiedworkemail verifiedbusinessemail verifiedprofessionalemail
        validworkemail validbusinessemail validatedemail""",
    "mailing": "mailing postal postale correspondencia correspondance corrispondenza",
    "companycontact": "companycontact companycontactperson",
}
