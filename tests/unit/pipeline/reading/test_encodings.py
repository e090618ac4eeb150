from __future__ import annotations

import io

import pytest

from pipeline.reading import encodings
from pipeline.reading.file_kinds import NotALeadFile

POLISH = "Imię,Firma,email\nŁukasz,Zakłady Mięsne,l@miesne.pl\nŻaneta,Źródło,z@zrodlo.pl\n"
GREEK = "Όνομα,Εταιρεία\nΓιώργος Παπαδόπουλος,Ελληνική Ζυθοποιία\nΆννα,Άλφα\n"
RUSSIAN = "name,company,email\nИван Петров,Завод Труб,ivan@zavod.ru\nОльга,Северсталь,o@s.ru\n"
CZECH = "Jméno,Příjmení,Město\nJiří,Dvořák,Kroměříž\nLucie,Černá,Děčín\nPetr,Ševčík,Říčany\n"
UKRAINIAN = "ім'я,місто\nОлексій Шевченко,Київ\nНаталія,Їдальня Схід\nЮрій,Чернівці\n"
CROATIAN = "Željko,Kovačević,Čakovec\nIvana,Šarić,Šibenik\nLuka,Božić\n"
ROMANIAN = "Ştefan,Popescu,Braşov\nMihăiţă,Cărămidă\nIoana,Piteşti\n"
JAPANESE = "名前,会社,email\n田中太郎,株式会社テスト,tanaka@test.co.jp\n"
CHINESE = "name,email\n张伟,z@x.cn\n李娜,l@x.cn\n"


def found(content, rest=b""):
    return encodings.find(content, io.BytesIO(rest))


class TestGuess:
    @pytest.mark.parametrize(
        ("text", "encoding"),
        [
            pytest.param(RUSSIAN, "cp1251", id="Russian"),
            pytest.param(RUSSIAN, "koi8_u", id="Russian of Unix"),
            pytest.param(RUSSIAN, "cp866", id="Russian of DOS"),
            pytest.param(RUSSIAN, "mac_cyrillic", id="Russian of a Mac"),
            pytest.param("Иван,ООО «Стекло»\nОльга,ЗАО «Мир»\n", "cp1251", id="Russian in quotes"),
            pytest.param(UKRAINIAN, "cp1251", id="Ukrainian"),
            pytest.param(UKRAINIAN, "koi8_u", id="Ukrainian of Unix"),
            pytest.param("Ђорђе,Јовановић,Ваљево\nЉиљана,Ниш\n", "cp1251", id="Serbian"),
            pytest.param(GREEK, "cp1253", id="Greek"),
            pytest.param(GREEK, "iso8859_7", id="Greek of ISO"),
            pytest.param("Ayşe Yılmaz,Güneş Enerji\nİbrahim Çağlar,Işık\n", "cp1254", id="Turkish"),
            pytest.param(POLISH, "cp1250", id="Polish"),
            pytest.param(POLISH, "iso8859_2", id="Polish of ISO"),
            pytest.param("Łukasz\n", "cp1250", id="one Polish name"),
            pytest.param("Jméno\nŘehoř Dvořák\nSlužby Třinec\nDům\n", "cp1250", id="Czech"),
            pytest.param(CZECH, "cp1250", id="Czech with letters side by side"),
            pytest.param(CZECH, "iso8859_2", id="Czech of ISO"),
            pytest.param(CZECH, "cp852", id="Czech of DOS"),
            pytest.param(POLISH, "cp852", id="Polish of DOS"),
            pytest.param("Jiří,Nováková,Řehoř\nŠťastný,Plzeň\n", "cp1250", id="a few Czech names"),
            pytest.param("Ľubomír,Kováč,Košice\nĎurica,Prešov\n", "cp1250", id="Slovak"),
            pytest.param(CROATIAN, "cp1250", id="Croatian"),
            pytest.param(CROATIAN, "iso8859_2", id="Croatian of ISO"),
            pytest.param(ROMANIAN, "cp1250", id="Romanian"),
            pytest.param(POLISH + CZECH + CROATIAN, "cp1250", id="languages of the East"),
            pytest.param("Jörg,Müller,Köln\nŁukasz,Wójcik\n", "cp1250", id="Polish and German"),
            pytest.param("Imię;Nazwisko;Miejscowość\n", "cp1250", id="a Polish header"),
            pytest.param("Adı;Soyadı;Şirket;Şehir\n", "cp1254", id="a Turkish header"),
            pytest.param("Gintarė,Žukauskienė\nRūta,Šiauliai\n", "cp1257", id="Lithuanian"),
            pytest.param("Jānis,Bērziņš\nLīga,Kalniņa\n", "cp1257", id="Latvian"),
            pytest.param("Žanna,Põder\nMägi,Šokolaadi\n", "cp1257", id="Estonian of the Baltic"),
            pytest.param("Dubœuf,L’Œuvre\nHélène\n", "cp1252", id="French"),
            pytest.param("Dubœuf,Cœur\nHélène\n", "iso8859_15", id="French of ISO"),
            pytest.param("Győr,Szűcs Zsófia\nErdő,Kovács\n", "cp1250", id="Hungarian"),
            pytest.param("Köln\rJürgen Weiß\rMálaga\rÉlodie\r", "mac_roman", id="Mac"),
            pytest.param("Müller,Köln\nJäger,Weiß\nGörlitz,Öhr\n", "cp850", id="German of DOS"),
            pytest.param("Hélène,Société Générale\n", "cp850", id="French of DOS"),
            pytest.param("Zoë Müller\nJosé,Nuñez\n", "cp850", id="a few names of DOS"),
            pytest.param("Zoë Müller\nJosé,Nuñez\n", "mac_roman", id="a few names of a Mac"),
            pytest.param("GARCÍA,MÜLLER\nPEÑA\n", "mac_roman", id="capitals of a Mac"),
            pytest.param("José,Ltd\n", "cp850", id="one letter of DOS at the end of a name"),
            pytest.param("株式会社ABC,山田\nJR東日本,鈴木\n", "cp932", id="Japanese beside Latin"),
            pytest.param(JAPANESE, "cp932", id="Japanese"),
            pytest.param("name,email\nテスト,a@b.jp\n", "cp932", id="katakana"),
            pytest.param("さくら製作所,渡辺\nミナミ工業,高橋\n", "euc_jp", id="Japanese of Unix"),
            pytest.param("สมชาย,ใจดี\nมาลี,ท่อไทย\n", "cp874", id="Thai"),
            pytest.param(CHINESE, "gb18030", id="Chinese"),
            pytest.param("이름,회사\n김철수,삼성전자\n", "cp949", id="Korean"),
            pytest.param("שם,חברה\nדוד,תל אביב\n", "cp1255", id="Hebrew"),
            pytest.param("الاسم,الشركة\nمحمد,القاهرة\n", "cp1256", id="Arabic"),
            pytest.param("الاسم,الشركة\nمحمد,القاهرة\n", "iso8859_6", id="Arabic of ISO"),
            pytest.param("چاپ پارس,ژاله\nگروه,پریسا\n".replace("ی", "ي"), "cp1256", id="Persian"),
        ],
    )
    def test_finds_what_is_clear(self, text, encoding):
        assert found(text.encode(encoding)) == encoding

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("Zoë\n", id="one letter"),
            pytest.param("Müller,Größe,Käserei\n", id="German"),
            pytest.param("Cœur,Évêque,Garçon,Noël,Où\n", id="French"),
            pytest.param("¿Qué?,Señor Núñez,Logroño\n", id="Spanish"),
            pytest.param("João Conceição,São Paulo\n", id="Portuguese"),
            pytest.param("José Simões\nRosário Camões\nLeões\n", id="Portuguese without a"),
            pytest.param("Benoît,Août\nGoûter,Hervé\n", id="French with a roof"),
            pytest.param("l\u2019eau d\u2019Arc\naujourd\u2019hui\n", id="apostrophes"),
            pytest.param("Jõgi,Põld,Härm\nÕunapuu,Küüts\n", id="Estonian"),
            pytest.param("Zoë\rO\u2019Brien \u2013 Köln\r", id="carriage returns"),
            pytest.param("Åsa Öberg,Søren Kjær,Malmö\n", id="Nordic"),
            pytest.param("Guðmundur Þórðarson,Sigríður Ýr\n", id="Icelandic"),
            pytest.param("O\u2019Brien \u2013 \u201cBig\u201d deal\u2026\n", id="only typography"),
            pytest.param("Loïs,Geneviève Lelièvre\nNoè,Giosuè\n", id="vowels side by side"),
            pytest.param("Niccolò,Forlì,Cantù\n", id="Italian"),
            pytest.param("María Farías\nSofía,Munguía\n", id="Spanish with vowels side by side"),
            pytest.param("Luleå,Piteå\nUmeå\n", id="Swedish"),
            pytest.param("Bøe,Vildesjøen,Øyvind\n", id="Norwegian"),
            pytest.param("HÉLÈNE,FRANÇOIS\nJÖRG\n", id="capitals"),
            pytest.param("£5k deal,10 m³,5 €\n", id="only signs"),
        ],
    )
    def test_is_windows_among_western_texts(self, text):
        assert found(text.encode("cp1252")) == "cp1252"

    def test_reads_latin1_as_windows(self):
        assert found("Zoë Müller\n".encode("latin-1")) == "cp1252"

    def test_stands_on_lines_deep_in_the_file(self):
        rest = b"Ann,a@b.de\n" * 300_000 + RUSSIAN.encode("cp1251")

        assert found(b"name,email\n", rest) == "cp1251"

    def test_bears_a_few_broken_signs_in_utf8(self):
        assert found("Zoë Müller,Größe,Peña\n".encode() * 5 + b"Zo\xc3\n") == "utf-8"

    def test_is_utf8_where_a_third_of_the_letters_are_windows(self):
        windows = "Jörg,Köln\n".encode("cp1252")

        assert found("Zoë Müller,Peña\n".encode() * 4 + windows * 3) == "utf-8"
        assert found("Zoë Müller,Peña\n".encode() + windows * 3) == "cp1252"


class TestAsSaid:
    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
    @pytest.mark.parametrize("text", [RUSSIAN, CHINESE, "邮箱\n欧阳娜娜\n"])
    def test_of_utf16_finds_its_order(self, text, encoding):
        assert encodings.as_said(text.encode(encoding), "utf-16") == encoding

    def test_of_utf16_refuses_what_is_none(self):
        with pytest.raises(NotALeadFile, match="not written in UTF-16: choose another"):
            encodings.as_said(b"name,email\nAnn,ann@acme.com\n", "utf-16")

    def test_of_another_is_believed(self):
        assert encodings.as_said(b"name\n", "cp1250") == "cp1250"


class TestUtf32WithoutMark:
    @pytest.mark.parametrize("encoding", ["utf-32-le", "utf-32-be"])
    @pytest.mark.parametrize("text", [pytest.param("a,b\n1,2\n", id="short"), RUSSIAN, CHINESE])
    def test_is_told_by_where_the_nuls_are(self, text, encoding):
        assert found(text.encode(encoding)) == encoding


class TestUtf16WithoutMark:
    @pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("a,b\n1,2\n", id="short"),
            pytest.param(RUSSIAN, id="Russian"),
            pytest.param(GREEK, id="Greek"),
            pytest.param("姓名,城市,邮箱\r\n" + "李上上,上海,li@a.cn\r\n" * 9, id="Chinese"),
            pytest.param("नाम,ईमेल\n" + "ठठठ,x@y.de\n" * 2, id="Hindi"),
            pytest.param('"haé","hbé"\n"\U0001b13b","\u013b\U0001b13bx@y.de"\n', id="rare signs"),
        ],
    )
    def test_is_told_by_where_the_nuls_are(self, text, encoding):
        assert found(text.encode(encoding)) == encoding

    @pytest.mark.parametrize(
        "content",
        [
            pytest.param(b"a,b,c\n\x00,2,3\n", id="one"),
            pytest.param(b"abc,b\n" + b"xy\x00,2\n" * 9, id="one a line"),
            pytest.param(b"a,b\n" + b"Ann\x00\x00\x00\x00\x00,1\n" * 9, id="padding"),
            # Each NUL in an odd place, as in UTF-16, and one before a line break.
            pytest.param(b"Name,Mail\r\n\x00,\x00,ann@acme.com,,\x00\r\n", id="by halves"),
        ],
    )
    def test_is_not_seen_in_dirt(self, content):
        assert found(content) == "utf-8"
