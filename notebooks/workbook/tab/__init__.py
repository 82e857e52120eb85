"""What the workbook needs where no process can be started: in a tab of a browser, and only there."""
