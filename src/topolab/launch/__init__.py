"""Computes what to start, with which argv and environment: one logic for topolab, the launchers and containers.

Standard library only, and no other part of topolab, because images contain only this package.
"""
