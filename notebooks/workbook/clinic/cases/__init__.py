"""The cases, a module for each way that a learner meets them: `patients.Case` says what a case has."""
