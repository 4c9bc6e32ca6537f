"""Every text of the page: a file for each tab."""
