"""The HTML report's charts: shapes by matplotlib, words and colours by the page."""
