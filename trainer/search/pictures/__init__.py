"""What pictures add to a search: a head that aligns them with texts, and how much they count."""
