"""The built-in load driver: libcurl, through pycurl. All of it runs inside its worker process."""
