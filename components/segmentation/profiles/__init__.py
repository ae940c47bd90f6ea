"""What each user is like: favourites, level of price, rhythm, and the chance to buy in each category."""
