"""Forms, a file each: fields, messages, and the command that a form makes."""
