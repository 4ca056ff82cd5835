// Presses the button of a form post. Without it the person does.
document.forms[0].submit();
