"""Bank statements: the shared files, a round trip through the writer, and refusals that name the element."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.cash.statement import (
    Direction,
    Entry,
    Statement,
    StatementInvalid,
    day_bounds,
    parse_1c,
    parse_camt053,
    parse_statement,
    write_camt053,
)

BANK = Path(__file__).parents[2] / "cases" / "bank"
EXAMPLES = Path(__file__).parents[3] / "examples" / "bank"
CAMT = (BANK / "statement-2026-12-02.camt053.xml").read_bytes()
ONE_C = (BANK / "statement-2026-12-02.1c.txt").read_bytes()
CREATED = datetime(2026, 12, 3, 4, tzinfo=UTC)


def _refused(content: bytes) -> str:
    with pytest.raises(StatementInvalid) as refused:
        parse_statement(content)
    (problem,) = refused.value.problems
    assert problem.message_ru
    assert problem.message_en in str(refused.value)
    return f"{problem.field}: {problem.code}"


def test_shared_camt_statement_is_read() -> None:
    statement = parse_statement(CAMT)
    assert (statement.account, statement.statement_id) == ("40701810300000000001", "20261202")
    assert (statement.opening_kopeks, statement.closing_kopeks) == (0, 175_000_050)
    named, nameless = statement.entries
    assert named == Entry(
        bank_ref="B1202-000001",
        direction=Direction.CREDIT,
        amount_kopeks=150_000_000,
        end_to_end_id="KPT-INV-000017",
        counterparty_name="Иванова Мария Петровна",
        counterparty_inn="770012345606",
        purpose="Пополнение счёта инвестора KPT-INV-000017. НДС не облагается",
        booked_on=date(2026, 12, 2),
    )
    assert (nameless.end_to_end_id, nameless.counterparty_inn) == (None, "7700123459")


def test_1c_file_of_the_same_day_says_the_same_and_has_a_debit() -> None:
    statement = parse_statement(ONE_C)
    assert [(e.direction, e.amount_kopeks) for e in statement.entries] == [
        (Direction.CREDIT, 150_000_000),
        (Direction.CREDIT, 25_000_050),
        (Direction.DEBIT, 5_000_000),
    ]
    assert statement.closing_kopeks == 170_000_050
    assert statement.entries[0].end_to_end_id == "KPT-INV-000017"
    assert statement.entries[2].counterparty_name == "Иванова Мария Петровна"
    assert (statement.from_at, statement.to_at) == day_bounds(date(2026, 12, 2))


def test_1c_file_in_utf8_is_the_same() -> None:
    assert parse_statement(b"\xef\xbb\xbf" + ONE_C.decode("cp1251").encode()) == parse_statement(ONE_C)


def test_reading_twice_gives_the_same_references() -> None:
    assert parse_1c(ONE_C) == parse_1c(ONE_C)
    assert len({entry.bank_ref for entry in parse_1c(ONE_C).entries}) == 3


@pytest.mark.parametrize("name", ["statement-2026-12-02.camt053.xml", "statement-2026-12-02.1c.txt"])
def test_example_for_users_is_the_tested_file(name: str) -> None:
    assert parse_statement((EXAMPLES / name).read_bytes()) == parse_statement((BANK / name).read_bytes())


@pytest.mark.parametrize(
    ("old", "new", "refusal"),
    [
        (b'<Amt Ccy="RUB">1500000.00', b'<Amt Ccy="USD">1500000.00', "Ntry[1]/Amt/@Ccy: currency"),
        (b'<Amt Ccy="RUB">1500000.00', b'<Amt Ccy="RUB">1500000.001', "Ntry[1]/Amt: amount"),
        (b'<Amt Ccy="RUB">1500000.00', b'<Amt Ccy="RUB">-1.00', "Ntry[1]/Amt: amount"),
        (b'<Amt Ccy="RUB">1500000.00', b'<Amt Ccy="RUB">0.00', "Ntry[1]/Amt: zero"),
        (b"<Ccy>RUB</Ccy>", b"<Ccy>EUR</Ccy>", "Acct/Ccy: currency"),
        (b"1750000.50", b"1750000.51", "Bal[CLBD]/Amt: balance"),
        (b"CLBD", b"CLAV", "Bal[CLBD]: missing"),
        (b"B1202-000002", b"B1202-000001", "bank_ref: repeated"),
        (b"<AcctSvcrRef>B1202-000002</AcctSvcrRef>", b"", "Ntry[2]/AcctSvcrRef: missing"),
        (b"<Cd>BOOK</Cd>", b"<Cd>PDNG</Cd>", "Ntry[1]/Sts: not_booked"),
        (b"<Id>40701810300000000001</Id>", b"", "Acct/Id/Othr/Id: missing"),
        (b"<CdtDbtInd>CRDT</CdtDbtInd><Sts>", b"<CdtDbtInd>UP</CdtDbtInd><Sts>", "Ntry[1]/CdtDbtInd: direction"),
        (b"<BookgDt><Dt>2026-12-02", b"<BookgDt><Dt>2026-12-32", "Ntry[1]/BookgDt: date"),
        (b"<ToDtTm>2026-12-02T23", b"<ToDtTm>2026-12-01T23", "period: period"),
        (b"<ToDtTm>2026-12-02T23", b"<ToDtTm>today", "FrToDt/ToDtTm: moment"),
        (b"camt.053.001.08", b"camt.052.001.08", "Document: format"),
        (b"</Document>", b"", "document: xml"),
        (b"<Stmt>", b"<Stmt></Stmt><Stmt>", "Stmt: count"),
    ],
)
def test_camt_refusal_names_the_element(old: bytes, new: bytes, refusal: str) -> None:
    assert old in CAMT
    assert _refused(CAMT.replace(old, new)) == refusal


def test_entities_are_refused_before_they_grow() -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><Document>&b;</Document>'
    assert _refused(bomb) == "document: xml"
    assert _refused(b'<!DOCTYPE d SYSTEM "file:///etc/passwd"><d/>') == "document: xml"
    assert _refused(b" " * (10 * 1024 * 1024 + 1)) == "document: too_large"


def test_batch_entry_is_split_when_the_bank_gives_the_parts() -> None:
    part = b'<TxDtls><Refs><AcctSvcrRef>B1202-00000%d</AcctSvcrRef></Refs><Amt Ccy="RUB">%d.00</Amt></TxDtls>'
    start = CAMT.index(b"<NtryDtls>")
    end = CAMT.index(b"</NtryDtls>")
    batch = CAMT[:start] + b"<NtryDtls>" + part % (3, 1_000_000) + part % (4, 500_000) + CAMT[end:]
    assert [e.amount_kopeks for e in parse_camt053(batch).entries] == [100_000_000, 50_000_000, 25_000_050]
    uneven = CAMT[:start] + b"<NtryDtls>" + part % (3, 1_000_000) + part % (4, 500_001) + CAMT[end:]
    assert _refused(uneven) == "Ntry[1]/Amt: batch"


@pytest.mark.parametrize(
    ("old", "new", "refusal"),
    [
        ("КонецФайла", "", "КонецФайла: missing"),
        ("КонечныйОстаток=1700000.50", "КонечныйОстаток=1700000.51", "КонечныйОстаток: balance"),
        ("ВсегоСписано=50000.00", "ВсегоСписано=50000.01", "ВсегоСписано: total"),
        ("Сумма=250000.50", "Сумма=много", "Сумма: not_a_sum"),
        ("Сумма=250000.50", "Сумма=0", "Сумма: zero"),
        ("Номер=102", "Дата2=1", "Номер: missing"),
        ("Номер=102", "Сумма=1", "Сумма: repeated"),
        ("ДатаСписано=02.12.2026", "ДатаСписано=31.02.2026", "ДатаСписано: date"),
        ("ПолучательСчет=40817810100000000017", "ПолучательСчет=40701810300000000001", "ПолучательСчет: direction"),
        ("КонецРасчСчет\r\n", "КонецРасчСчет\r\nСекцияРасчСчет\r\nКонецРасчСчет\r\n", "СекцияРасчСчет: count"),
    ],
)
def test_1c_refusal_names_the_line(old: str, new: str, refusal: str) -> None:
    text = ONE_C.decode("cp1251")
    assert old in text
    assert _refused(text.replace(old, new).encode("cp1251")) == refusal


def test_repeated_order_in_a_1c_file_is_refused() -> None:
    text = ONE_C.decode("cp1251")
    first = text[text.index("СекцияДокумент") : text.index("КонецДокумента") + len("КонецДокумента\r\n")]
    doubled = text.replace(first, first * 2).replace("Поступило=1750000.50", "Поступило=3250000.50")
    assert _refused(doubled.encode("cp1251")) == "bank_ref: repeated"


def test_file_in_no_known_encoding_is_refused() -> None:
    with pytest.raises(StatementInvalid, match="Windows-1251"):
        parse_1c(b"1CClientBankExchange\n\x98\n")
    with pytest.raises(StatementInvalid, match="1C exchange"):
        parse_1c(b"hello")


_TEXT = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), min_size=1, max_size=40).map(str.strip)
_ENTRIES = st.lists(
    st.builds(
        Entry,
        bank_ref=st.uuids().map(str),
        direction=st.sampled_from(Direction),
        amount_kopeks=st.integers(1, 10**15),
        end_to_end_id=st.none() | st.from_regex(r"KPT-INV-[0-9]{6}", fullmatch=True),
        counterparty_name=st.none() | _TEXT.filter(bool),
        counterparty_inn=st.sampled_from([None, "7700123459", "770012345606"]),
        purpose=_TEXT,
        booked_on=st.just(date(2026, 12, 2)),
    ),
    max_size=8,
    unique_by=lambda entry: entry.bank_ref,
)


@given(_ENTRIES, st.integers(-(10**15), 10**15))
def test_what_is_written_is_read_back(entries: list[Entry], opening: int) -> None:
    moved = sum(e.amount_kopeks if e.direction is Direction.CREDIT else -e.amount_kopeks for e in entries)
    start, end = day_bounds(date(2026, 12, 2))
    statement = Statement("40701810300000000001", "S1", start, end, opening, opening + moved, tuple(entries))
    assert parse_statement(write_camt053(statement, message_id="M1", created=CREATED)) == statement


def test_characters_that_xml_cannot_carry_become_spaces() -> None:
    statement = parse_statement(CAMT)
    entry = statement.entries[0]
    marked = Statement(
        **{
            name: getattr(statement, name) for name in ("account", "statement_id", "from_at", "to_at", "opening_kopeks")
        },
        closing_kopeks=entry.amount_kopeks,
        entries=(
            Entry(*(getattr(entry, n) for n in Entry.__slots__[:6]), purpose="a\x00b", booked_on=entry.booked_on),
        ),
    )
    assert parse_statement(write_camt053(marked, message_id="M", created=CREATED)).entries[0].purpose == "a b"


def test_statement_that_does_not_add_up_is_not_written() -> None:
    start, end = day_bounds(date(2026, 12, 2))
    with pytest.raises(StatementInvalid, match="closing"):
        write_camt053(Statement("1", "S", start, end, 0, 1, ()), message_id="M", created=CREATED)


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda tail: b"1CClientBankExchange\n" + tail))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with pytest.raises(StatementInvalid):
        parse_statement(content)
