"""The load driver of topolab's own: HTTP/1.1 and HTTP/2 over plain sockets, every answer compared byte for byte."""
