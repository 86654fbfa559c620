"""topolab: which Python web server, behind which load balancer, at what cost, with proof on every hop."""

__version__ = "0.1.0"
