"""What the REST API needs beyond the services of the pages: its keys, and requests that are carried out once."""
