"""The words of header rows in the languages of the north and east of Europe, and in Catalan. Pure data.

As in `header_words`, whose meanings these are: plain form, a line a language. Swedish, Danish,
Norwegian, Finnish, Polish, Czech and Slovak, Hungarian, Romanian, Croatian and Slovene, Turkish,
Estonian, Latvian, Lithuanian. What several of them share stands once.
"""

from __future__ import annotations

MORE = {
    "email": """mejl mejladress epostilaatikko pocztaelektroniczna elektronickaposta
        drotposta villanyposta postaelectronica correu correuelectronic elpastas epasts surel""",
    "phone": """telefonu telefony telefonni telefonszam puhelinnro puh telefonul telefonom telefonas talrunis
        stacjonarny telefonstacjonarny""",
    "mobile": """mobiltlf matkapuhelin matkapuhelinnumero kannykka
        komorkowy komorka komorkowego mobilni mobilny ceptelefonu ceptelefon ceptel
        telkom""",
    "name": "namn navn navnet nimi nev neve nume numele meno adi isim",
    "firstname": """tilltalsnamn kutsumanimi krestnijmeno krstnemeno keresztnev utonev prenume prenumele ime adiniz
        eesnimi vardas vards""",
    "lastname": """slaktnamn nazwiska priezvisko vezeteknev csaladnev numedefamilie
        prezime priimek soyadiniz soyisim cognom perekonnanimi pavarde uzvards""",
    "fullname": """forochefternamn fullstandigtnamn fuldenavn fulltnavn fornavnogefternavn kokonimi
        etujasukunimi imieinazwisko nazwiskoiimie celejmeno teljesnev numesiprenume
        imeiprezime imeinpriimek adsoyad adisoyadi adisoyadiniz advesoyad adivesoyadi isimsoyisim
        nomicognoms""",
    "job": """jobbtitel yrkestitel stillingsbetegnelse stillingstittel tehtavanimike stanowiskopracy
        pracovnipozice pracovnizarazeni pracovnapozicia radnomjesto delovnomesto""",
    "position": """yrkesroll roll tittel titteli asema stanowiska funkcja funkce funkcia pozicia
        beosztas munkakor pozicio functia pozitie pozitia pozicija funkcija polozaj
        unvan unvani gorev gorevi pozisyon carrec amet pareigos amats""",
    "company": """foretaget arbetsgivare bolag bolaget arbejdsgiver arbeidsgiver bedrift organisasjon
        yrityksen organisaatio tyonantaja
        firmy przedsiebiorstwo spolka organizacja pracodawca
        spolecnosti spolocnost spolocnosti organizace organizacia zamestnavatel podnik
        ceg cegnev cegneve vallalat munkahely szervezet
        companie firmei angajator
        tvrtka tvrtke poduzece poslodavac podjetje podjetja delodajalec
        kurum kurulus ticariunvan ticariunvani firmaunvan firmaunvani sirketunvani
        ettevote imone uznemums
        przedsiebiorstwa""",
    "website": """webbsida webbsajt webside nettside nettsted kotisivu kotisivut verkkosivu verkkosivut
        strona weboldal honlap webovestranky webovastranka webstranica spletnastran
        websitesi websayfasi internetsitesi llocweb""",
    "industry": """bransch bransje naringsgren toimiala branza sektor obor odvetvi odvetvie
        iparag agazat domeniudeactivitate djelatnost panoga sektoru""",
    "employees": """anstallda ansatte medarbejdere henkilosto henkilostomaara henkilostonmaara tyontekijat
        pracownikow pracownicy zatrudnienie zamestnancu zamestnanci zamestnancov
        letszam alkalmazottak angajati zaposlenih zaposlenici calisan calisansayisi
        liczbaprac antanst""",
    "revenue": """omsattning omsaetning omsetning liikevaihto przychod przychody obroty obrat trzby
        arbevetel cifradeafaceri prihod ciro""",
    "city": """postort bynavn poststed kaupunki paikkakunta postitoimipaikka miejscowosc miasta mesto obec
        varos telepules oras orasul localitate sehir poblacio ciutat linn miestas pilseta""",
    "state": "lan fylke maakunta wojewodztwo megye judet judetul zupanija",
    "country": "maa zeme krajina orszag tara drzava ulke salis valsts",
    "address": "besoksadress osoite postiosoite katuosoite adresa cim lakcim adreca",
    "street": "gata gatuadress gade vej ulica ulice utca strada",
    "notes": """anteckning anteckningar bemaerkning bemaerkninger noter merknad merknader
        huomautus muistiinpanot uwagi notatki komentarz poznamka poznamky
        megjegyzes megjegyzesek napomena napomene opombe notlar""",
    "department": "avdelning avdeling osasto dzial oddeleni oddelenie reszleg departament odjel oddelek departman",
    "who": """kontaktpersonen yhteyshenkilo yhteyshenkilon osobakontaktowa osobykontaktowej osobadokontaktu
        kontaktniosoba kontaktniosoby kontaktnaosoba kontaktnejosoby kapcsolattarto
        persoanadecontact persoanacontact kontaktosoba kontaktnaoseba yetkilikisi ilgilikisi""",
    "person": "kontaktu kontaktnych kontaktul kontakti",
    "customer": """deltagare deltager deltaker osallistuja uczestnik uczestnika ucastnik ucastnika
        resztvevo katilimci""",
    "work": """arbete arbejde arbejds arbeid arbeids jobb tyo sluzbowy sluzbowa sluzbowe firmowy firmowa
        pracovni firemni pracovny pracovna firemny munkahelyi ceges serviciu poslovni sluzbeni kurumsal""",
    "personal": "hem prywatny prywatna domowy soukromy osobni sukromny magan privatni kisisel",
    "count": "antal antall liczba pocet numer cislo szama broj stevilo sayisi numarasi numar numarul",
    "foreign": """ansvarig saljare kundansvarig postnummer mellannamn fodelsedag kalla
        ansvarlig saelger selger postnr mellemnavn mellomnavn
        vastuuhenkilo myyja postinumero lahde
        opiekun opiekuna handlowiec handlowca kodpocztowy zrodlo zgoda urodziny
        obchodnik obchodnika psc smerovacicislo zdroj souhlas
        iranyitoszam adoszam forras ugyintezo responsabil codpostal sursa
        postanskibroj postnastevilka prodavac skrbnik temsilci temsilcisi sorumlu postakodu""",
    "": """nazwa nazev nazov naziv denumire denumirea i og och ja
        din ditt dina dit vilket arbetar swoj swoja twoj twoja twojej podaj""",
}  # fmt: skip
