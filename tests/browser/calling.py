"""What one does and sees in a call."""

from __future__ import annotations

from typing import Any

from tests.browser.people import Visitor, expect

DECODED = """
(name) => {
  const video = document.querySelector(`.tk-tile video[aria-label="${name}"]`);
  return video !== null && video.videoWidth > 0
    && video.getVideoPlaybackQuality().totalVideoFrames > 2;
}
"""
"""Whether frames of somebody arrive and are shown."""

HEARD = """
async () => {
  const isHeard = async () => {
    const reports = await Promise.all(window.connections.map((one) => one.getStats()));
    return reports.some((report) => [...report.values()].some((one) =>
      one.type === "inbound-rtp" && one.kind === "audio" && one.bytesReceived > 1000
    ));
  };
  for (let looks = 0; looks < 600; looks += 1) {
    if (await isHeard()) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}
"""
"""Whether voices arrive; functions that wait are no conditions for Playwright."""

SENT = """
(wanted) => {
  const open = window.connections.filter((one) => one.iceConnectionState === "connected"
    || one.iceConnectionState === "completed");
  const senders = open.flatMap((one) => one.getSenders());
  const pictures = senders.filter((one) => one.track?.kind === "video");
  return pictures.length > 0 && pictures.every((one) => {
    const [encoding] = one.getParameters().encodings;
    return Object.entries(wanted).every(([key, value]) => encoding[key] === value);
  });
}
"""
"""Whether one's own pictures are sent like that, to everybody."""

WIDTH_AT_MOST = """
([name, width]) => {
  const video = document.querySelector(`.tk-tile video[aria-label="${name}"]`);
  return video.videoWidth > 0 && video.videoWidth <= width;
}
"""
"""Whether somebody's pictures arrive, and are no wider than so."""

CONNECTIONS = """
window.connections = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(configuration) {
    super({ ...configuration, iceTransportPolicy: window.icePolicy ?? "all" });
    window.connections.push(this);
  }
};
"""
"""Lets tests look at connections, and choose how they may be made."""

USED_CANDIDATES = """
async () => {
  const types = [];
  for (const connection of window.connections) {
    const report = await connection.getStats();
    for (const transport of report.values()) {
      const pair = report.get(transport.selectedCandidatePairId);
      if (pair) types.push(report.get(pair.localCandidateId).candidateType);
    }
  }
  return types;
}
"""


def watch_connections(visitor: Visitor, policy: str = "all") -> None:
    """From the next page on, note the connections; `relay` allows only TURN."""
    visitor.context.add_init_script(f"window.icePolicy = '{policy}';{CONNECTIONS}")


def join_call(visitor: Visitor) -> None:
    """Join or start the call, as one is."""
    visitor.page.locator(".tk-call-button").click()
    visitor.dialog.locator("footer button").click()
    controls(visitor).get_by_role("button", name="Leave the call").wait_for()


def controls(visitor: Visitor) -> Any:
    """The buttons below the pictures."""
    return visitor.page.locator(".tk-call-view .tk-call-controls")


def press(visitor: Visitor, name: str) -> None:
    """Press one of them."""
    controls(visitor).get_by_role("button", name=name, exact=True).click()


def tile(visitor: Visitor, name: str) -> Any:
    """Somebody's picture."""
    people = visitor.page.get_by_role("list", name="People in the call")
    exact = visitor.page.get_by_text(name, exact=True)
    return people.get_by_role("listitem").filter(has=exact)


def expect_to_see(visitor: Visitor, *names: str) -> None:
    """Wait until there are moving pictures of these."""
    for name in names:
        expect(tile(visitor, name)).to_have_count(1)
        visitor.page.wait_for_function(DECODED, arg=name)


def expect_people(visitor: Visitor, count: int) -> None:
    """Wait until so many are in the call, oneself among them."""
    people = visitor.page.get_by_role("list", name="People in the call")
    expect(people.get_by_role("listitem")).to_have_count(count)
