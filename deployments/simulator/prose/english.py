"""English."""

from __future__ import annotations

from deployments.simulator.prose.shape import Prose, lines

ENGLISH = Prose(
    openings=lines("""
        A subject like “{t}” gets easier when the parts are taken one at a time, and that is what this text does.
        Anyone who has met “{t}” in practice knows that the first answer is rarely the last one. Here is what holds up.
        This is about “{t}”: what the point is, where things go wrong, and what to do first.
        There are good reasons to look closely at “{t}” now, and a few of them are worth a page.
    """),
    covered="Covered here: {l}.",
    brief="The brief reads “{q}”, and every section below goes back to that.",
    headings=lines("""
        A closer look at {p}
        The case for {p}
        Getting {p} right
        What to watch with {p}
        First steps with {p}
        Notes on {p}
        Making use of {p}
    """),
    sentences=lines("""
        Start with {p}: write down what has to be achieved before anybody decides how.
        Most of the effort around {p} goes into the cases that nobody mentioned at the start.
        A small trial shows within days how well the idea behind {p} holds under ordinary load.
        People who deal with {p} every week can name the two weak spots without looking them up.
        Compare {p} with what is in use today, and count the steps rather than the features.
        If something goes wrong with {p}, the failure should come early and say what to do next.
        One owner for {p} is worth more than a committee that meets once a month.
        Numbers help with {p}: note how long things take now, and measure again in four weeks.
        It pays to separate {p} from everything that merely happens at the same time.
        Readers will ask about cost first, so put a figure next to {p} and say how it was reached.
        Two examples are enough to make {p} concrete, provided that one of them went badly.
        Whatever is decided about {p}, leave a note on why the alternatives were set aside.
        The simplest version of {p} is often good enough, and always the easiest to replace.
        Testing {p} on last month's real cases finds more than any invented scenario.
        There is a limit beyond which more work on {p} stops paying, and it comes sooner than expected.
        Keep the wording around {p} plain, because people in a hurry will read it.
        If only one thing about {p} is remembered, let it be the order of the steps.
        A checklist of five lines covers {p} better than a manual that nobody opens.
        Rules that suit a small team need another look before they serve a large one, and that goes for {p} as well.
        Ask who has a stake in {p} and has not been heard yet; the answer tends to be short and useful.
        Set a date for a second look at {p}, and say beforehand what would count as a success.
        Details of {p} differ from place to place, while the questions behind them stay the same.
        Notes on {p} belong next to the thing itself, where they are changed in the same step.
        With {p} settled, the remaining choices become smaller and can be made in any order.
        Good results with {p} come from short feedback loops rather than from long plans.
        Before anything is bought for {p}, borrow something similar for a week and keep a diary.
        A fair objection to {p} is that work only moves from one desk to another; check whether that is so.
        The most useful sentence about {p} is the one that says when to do without.
        Those who come back to {p} after a year mostly keep the structure and drop half of the rules.
    """),
    flaws=lines("""
        Everybody knows that nothing in the world compares with {p}.
        It goes without saying that all of these problems are solved at once by {p}.
        In times like these, nobody can afford to ignore {p} any longer.
        Experts agree on {p}, so there is no need to go into any detail.
        Needless to say, the future belongs to {p} in every respect.
        At the end of the day, much could be said about {p}, one way or the other.
    """),
    closings=lines("""
        Taken together, “{t}” comes down to a few decisions that are cheap today and expensive later.
        So begin small, write down what was learned, and build “{t}” on what works.
        None of this makes “{t}” simple, but the next step is plain.
    """),
)
