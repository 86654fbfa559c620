"""The driver `browser`: Chromium, controlled by Playwright, opens the app's page and presses its button."""
