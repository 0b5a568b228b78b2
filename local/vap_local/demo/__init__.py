"""`vap demo`: one scenario on real footage, from the request to the end, before the eyes of a newcomer."""
