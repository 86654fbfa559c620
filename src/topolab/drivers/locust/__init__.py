"""Locust as a load driver: users on journeys, by the catalogue's locustfile."""
