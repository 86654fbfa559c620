"""The driver `browser`: Chromium, driven by Playwright, opens the app's page and presses its button."""
