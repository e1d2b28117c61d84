"""Who works here: users, departments, roles, row scope, audit."""
