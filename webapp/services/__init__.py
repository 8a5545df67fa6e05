"""What Paydesk does: one function per use, called alike by pages, tasks and commands."""
