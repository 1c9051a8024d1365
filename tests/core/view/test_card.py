"""The card of a notebook shows what the text shows, and lets no value become markup."""

from html.parser import HTMLParser

from reflow.view.card import card_html


class Reader(HTMLParser):
    """Collects the text, and fails on tags that do not close."""

    def __init__(self):
        super().__init__()
        self.open, self.texts, self.tags = [], [], set()

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.tags.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def read(html):
    reader = Reader()
    reader.feed(html)
    assert reader.open == []
    return " ".join(reader.texts), reader.tags


def test_the_card_names_run_state_tasks_and_causes(status):
    text, _ = read(card_html(status()))

    for shown in (
        "demo-20261118-3f9a2c1b",
        "running",
        "2 failed",
        "60 succeeded · 20 reused",
        "convert[7,42]",
    ):
        assert shown in text


def test_no_value_becomes_markup(status, failure):
    evil = "<script>alert(1)</script>"
    _, tags = read(card_html(status(run_dir=evil, parameters={evil: evil}, failed=[failure(1, evil)])))

    assert "script" not in tags
