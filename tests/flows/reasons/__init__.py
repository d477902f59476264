"""Every reason made in the sandbox, read on the title's page, and ended by what the page advises."""
