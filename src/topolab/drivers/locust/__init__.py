"""The load driver that runs users on journeys in Locust, with the catalogue's locustfile."""
