"""The workbook's checks for a project of anybody: `python -m workbook.verify PATH`."""
