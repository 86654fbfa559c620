"""What is started, with which argv and environment: one arithmetic for the lab, the launchers and containers.

Standard library only, and nothing else of topolab: images hold this package and no other.
"""
