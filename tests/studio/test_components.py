from datetime import timedelta

import pytest
from django.template import engines
from django.utils import timezone

from studio.templatetags.icons import draw_icon
from studio.templatetags.statuses import LOOKS
from studio.templatetags.wording import format_ago, format_duration, format_number, format_percent, format_size
from vision.errors import Detail, InvalidDocumentError


def draw(text, **context):
    return engines["django"].from_string(text).render(context)


@pytest.mark.parametrize("status", LOOKS)
def test_every_status_has_an_icon_and_words(status):
    html = draw("{% status_badge status %}", status=status)
    assert "<svg" in html
    assert LOOKS[status].label in html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("`latest` is <the> newest", "<code>latest</code> is &lt;the&gt; newest"),
        ('`{"a": "<b>"}`.', "<code>{&quot;a&quot;: &quot;&lt;b&gt;&quot;}</code>."),
        ("half ` a quote", "half ` a quote"),
        ("", ""),
    ],
)
def test_code_among_words(text, html):
    assert draw("{{ words|with_code }}", words=text) == html


def test_a_name_breaks_after_its_underscores_alone():
    assert draw("{{ name|break_name }}", name="a_<b>_c") == "a_<wbr>&lt;b&gt;_<wbr>c"


def test_an_icon_that_is_not_in_the_set_is_named():
    with pytest.raises(LookupError, match="no-such-icon"):
        draw_icon("no-such-icon")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.87123, "0.8712"),
        (0.5, "0.5"),
        (12, "12"),
        (1234567, "1\u202f234\u202f567"),
        (6355.9, "6\u202f356"),
        (1e-05, "1e-05"),
        (float("nan"), "–"),
        (100.0, "100"),
    ],
)
def test_numbers_have_four_digits(value, text):
    assert format_number(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0, "0\u00a0s"),
        (0.0124, "12\u00a0ms"),
        (4.2, "4.2\u00a0s"),
        (61, "1\u00a0min 1\u00a0s"),
        (3600, "1\u00a0h"),
        (90061, "1\u00a0d 1\u00a0h"),
    ],
)
def test_durations(seconds, text):
    assert format_duration(seconds) == text


def test_shares_and_sizes():
    assert format_percent(0.8125) == "81.2\u00a0%"
    assert format_size(999) == "999\u00a0B"
    assert format_size(14_200_000) == "14.2\u00a0MB"


def test_ages_have_the_full_time_on_hover():
    now = timezone.now()
    assert format_ago(now - timedelta(minutes=14), now) == "14 min ago"
    assert format_ago(now - timedelta(days=2), now) == "2 days ago"
    assert "UTC" in draw("{% ago moment %}", moment=now)
    assert draw("{% ago moment %}", moment=None) == "–"


def test_an_error_says_what_where_and_what_to_do():
    error = InvalidDocumentError(
        "The job is not valid.", hint="Mend it.", details=[Detail("must be > 0", path="limits.max_trials")]
    )
    html = draw("{% error_box error %}", error=error)
    assert "The job is not valid." in html
    assert "Mend it." in html
    assert "limits.max_trials" in html
    assert draw("{% error_box error %}", error=None).strip() == ""


def test_a_chart_is_also_a_table_and_escapes_its_labels():
    options = {"series": [{"name": "</script><b>"}]}
    html = draw(
        "{% chart 'c' options table 'Loss' %}", options=options, table={"columns": ["Epoch"], "rows": [["<1>"]]}
    )
    assert "</script><b>" not in html
    assert "&lt;1&gt;" in html
    assert 'aria-label="Loss"' in html


def test_live_stops_without_an_address():
    assert draw("{% live '' 2 %}") == ""
    assert 'hx-trigger="every 2s, live:now"' in draw("{% live '/jobs/' 2 %}")


def test_progress_of_unknown_length_has_no_value():
    assert "value=" not in draw("{% progress value 'Reading' %}", value=None)
    assert 'value="0.2500"' in draw("{% progress value 'Reading' %}", value=0.25)


def test_a_field_names_its_input_and_its_error():
    html = draw("{% field 'epochs' 'Epochs' 3 type='number' error='too few' min=1 %}")
    assert '<label class="form-label" for="epochs">' in html
    assert 'min="1"' in html
    assert "too few" in html
