export class CallPanel {
  constructor(room) { this.element = document.createElement("div"); this.button = document.createElement("span"); this.isInCall=false; }
  close() {}
}
