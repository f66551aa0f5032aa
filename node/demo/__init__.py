"""The demo: five departments and the authority of one city, each a real process with made-up residents."""
